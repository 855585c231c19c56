import type { EditVariant } from '../../../methods/editing/index.ts';
import {
  appearanceFromSampling,
  defaultEnergyGuidance,
  plugAndPlay,
  type SpatialGuidance,
  type SteeringSettings,
  steeringEverywhere,
} from '../../../methods/steering/index.ts';

/** What of the paper is done: its main table, its ablations, and the comparison with a single reference picture. */
export const suiteNames = ['main', 'ablation', 'one-shot'] as const;
export type SuiteName = (typeof suiteNames)[number];

/** Every way of editing that is compared. */
export type VariantName =
  | 'dds'
  | 'dds-s'
  | 'dds-sm'
  | 'steered'
  | 'without-edsd'
  | 'without-mode-shifting'
  | 'jacobian-plus'
  | 'unguided'
  | 'energy'
  | 'without-energy'
  | 'injection'
  | 'appearance-free'
  | 'no-mask'
  | 'true-mask'
  | 'dds-sm-true-mask';

export interface Variant {
  /** What tables say. */
  readonly title: string;
  readonly edit: EditVariant;
  /** `true` needs the source's mask in the manifest. */
  readonly mask: 'none' | 'automatic' | 'true';
  /** What it makes of the usual settings of steering. */
  readonly steering: 'none' | ((settings: SteeringSettings) => SteeringSettings);
}

/**
 * Settings are absolute: a variant that comes to the same as another (energy guidance, while that is the default) is
 * the same job as that one.
 */
export const variants: { readonly [V in VariantName]: Variant } = {
  dds: { title: 'DDS', edit: 'dds', mask: 'none', steering: 'none' },
  'dds-s': { title: 'DDS-S', edit: 'dds-s', mask: 'none', steering: 'none' },
  'dds-sm': { title: 'DDS-SM', edit: 'dds-sm', mask: 'automatic', steering: 'none' },
  steered: { title: 'DreamSteerer', ...steered((settings) => settings) },
  'without-edsd': { title: 'without EDSD', ...steered((settings) => ({ ...settings, edsd: 'off' })) },
  'without-mode-shifting': {
    title: 'without mode shifting',
    ...steered((settings) => ({ ...settings, modeShifting: 'off' })),
  },
  'jacobian-plus': {
    title: 'Jacobian +I',
    ...steered((settings) => ({
      ...settings,
      edsd: settings.edsd === 'off' ? 'off' : { ...settings.edsd, jacobian: '+I' },
    })),
  },
  unguided: { title: 'guided sampling off', ...steered(unguided) },
  energy: { title: 'guided by energy', ...steered(guidedBy(defaultEnergyGuidance)) },
  'without-energy': { title: 'guided by its start alone', ...steered(guidedBy({ kind: 'none' })) },
  // Its features of the photo are under the noise that the walk starts from.
  injection: { title: 'guided by injection', ...steered(guidedBy({ ...plugAndPlay, sourceNoise: 'fixed' })) },
  'appearance-free': { title: 'appearance left to sampling', ...steered(appearanceFree) },
  'no-mask': { title: 'mask off', edit: 'dds-s', mask: 'none', steering: steeringEverywhere },
  'true-mask': { title: 'true mask', edit: 'dds-sm', mask: 'true', steering: (settings) => settings },
  'dds-sm-true-mask': { title: 'DDS-SM, true mask', edit: 'dds-sm', mask: 'true', steering: 'none' },
};

export const variantNames = Object.keys(variants) as readonly VariantName[];

/** The variants of a suite in the order of its table, and which of them the others are compared with. */
export const suites: {
  readonly [S in SuiteName]: {
    readonly title: string;
    /** What concepts are learned from. */
    readonly references: 'all' | 'first';
    readonly variants: readonly VariantName[];
    readonly reference: VariantName;
  };
} = {
  main: {
    title: 'Main comparison',
    references: 'all',
    variants: ['dds', 'dds-s', 'dds-sm', 'steered'],
    reference: 'dds-sm',
  },
  ablation: {
    title: 'Ablations',
    references: 'all',
    variants: [
      'steered',
      'without-edsd',
      'without-mode-shifting',
      'jacobian-plus',
      'unguided',
      'energy',
      'without-energy',
      'injection',
      'appearance-free',
      'no-mask',
      'true-mask',
      'dds-sm-true-mask',
      'dds-sm',
    ],
    reference: 'steered',
  },
  'one-shot': {
    title: 'One reference picture',
    references: 'first',
    variants: ['dds', 'dds-s', 'dds-sm', 'steered'],
    reference: 'dds-sm',
  },
};

function steered(
  change: (settings: SteeringSettings) => SteeringSettings,
): Pick<Variant, 'edit' | 'mask' | 'steering'> {
  return { edit: 'dds-sm', mask: 'automatic', steering: change };
}

/** Images of the concept that know nothing of the photo. */
function unguided({ guidedImages, ...settings }: SteeringSettings): SteeringSettings {
  return {
    ...settings,
    guidedImages: {
      ...appearanceFromSampling(guidedImages),
      start: 'noise',
      outside: 'free',
      guidance: { kind: 'none' },
    },
  };
}

/** Guided by what the photo shows, but for the shift that all of the subject shares. */
function appearanceFree({ guidedImages, ...settings }: SteeringSettings): SteeringSettings {
  const { guidance } = guidedImages;
  const free = guidance.kind === 'energy' ? { ...guidance, subjectMean: 'free' as const } : guidance;
  return {
    ...settings,
    guidedImages: { ...appearanceFromSampling(guidedImages), start: 'noise', guidance: free },
  };
}

function guidedBy(guidance: SpatialGuidance) {
  return (settings: SteeringSettings): SteeringSettings => ({
    ...settings,
    guidedImages: { ...settings.guidedImages, guidance },
  });
}
