import type { MethodKind } from '../../files/checkpoints/index.ts';
import { requireSteps } from '../diffusion/timestep-spacing.ts';
import { checkRates, type PresetName, personalizationPreset } from '../personalization/index.ts';
import { type EdsdSettings, guidedTexts } from './edsd.ts';
import {
  appearanceFromSampling,
  defaultConceptAppearance,
  defaultGuidedImages,
  type GuidedImageSettings,
} from './guided-images/guided-image-settings.ts';
import type { ModeShiftingSettings } from './mode-shifting.ts';
import type { SteeredSubset } from './steered-parameters.ts';

/** Every switch of steering; plain data, so that a file can tell how a concept was steered. */
export interface SteeringSettings {
  readonly subset: SteeredSubset;
  readonly edsd: EdsdSettings | 'off';
  readonly modeShifting: ModeShiftingSettings | 'off';
  /** Used by mode shifting alone. */
  readonly guidedImages: GuidedImageSettings;
  readonly optimization: SteeringOptimization;
}

/** Adam (AdamW without its decay) on what is steered. */
export interface SteeringOptimization {
  /** Whole, 1 and more. */
  readonly steps: number;
  /** Of the UNet, or of what of it is steered; this and the other rates are 0 and more. */
  readonly learningRate: number;
  /** Of the words' vectors. */
  readonly tokenLearningRate: number;
  readonly textEncoderLearningRate: number;
  /** 0 and more. */
  readonly weightDecay: number;
  /** Of the norm of all gradients together, above 0. */
  readonly clipNorm: number | 'none';
  /**
   * How many of a step's rows (EDSD's batch and mode shifting's) go through the network at a time. Fewer of them need
   * less memory for activations, and, where they are not all, memory for another copy of the gradients. A divisor of
   * their number.
   */
  readonly rowsPerPass: number | 'all';
  /** `recompute` takes less memory and about a third more time. */
  readonly activations: 'keep' | 'recompute';
  readonly compute: 'float32' | 'float16';
}

/**
 * A quarter of the rate that the concept was learned with, and 30 steps for the built-in model; docs/method.md tells what
 * else was tried there, with DreamBooth. The rates of other methods and models are that quarter too, and large models take
 * 60 steps; nothing was measured of them yet. η 0.1 and no guidance inside EDSD are of experiments with a cruder world
 * and model.
 */
export function defaultSteering(kind: MethodKind, name: PresetName): SteeringSettings {
  const { training } = personalizationPreset(kind, name);
  return {
    subset: { kind: 'learned', part: 'all', layers: 'all' },
    edsd: {
      jacobian: '-I',
      batchSize: 2,
      editStepSize: 0.1,
      edits: 1,
      guidanceScale: 1,
      weighting: 'constant',
      region: 'everywhere',
      editRegion: 'everywhere',
    },
    modeShifting: { weight: 2, batchSize: 4, region: 'everywhere' },
    guidedImages: {
      ...defaultGuidedImages,
      appearance: { ...defaultConceptAppearance, guidanceScale: guidanceOf[name] },
    },
    optimization: {
      steps: stepsOf[name],
      learningRate: training.learningRate / 4,
      tokenLearningRate: training.tokenLearningRate / 4,
      textEncoderLearningRate: training.textEncoderLearningRate / 4,
      weightDecay: 0,
      clipNorm: 'none',
      ...memoryOf[name],
      compute: 'float32',
    },
  };
}

/** The same without a subject's mask: nothing is asked of the subject alone, and images get their appearance in sampling. */
export function steeringEverywhere(settings: SteeringSettings): SteeringSettings {
  const { edsd, modeShifting, guidedImages } = settings;
  const { guidance } = guidedImages;
  return {
    ...settings,
    edsd: edsd === 'off' ? edsd : { ...edsd, region: 'everywhere', editRegion: 'everywhere' },
    modeShifting: modeShifting === 'off' ? modeShifting : { ...modeShifting, region: 'everywhere' },
    guidedImages: {
      ...appearanceFromSampling(guidedImages),
      outside: 'free',
      guidance: guidance.kind === 'energy' ? { ...guidance, subjectMean: 'followed' } : guidance,
    },
  };
}

const stepsOf: { readonly [P in PresetName]: number } = { 'SD 1.x': 60, 'SD 2.x': 60, pocket: 30 };

/** Of guided images; 5 oversaturates the built-in model's. */
const guidanceOf: { readonly [P in PresetName]: number } = { 'SD 1.x': 5, 'SD 2.x': 5, pocket: 4 };

/**
 * Takes the least memory, whatever the concept's kind. Its rate is LoRA's: put it into the settings that
 * `defaultSteering('lora', …)` gives.
 */
export const loraBeside = {
  kind: 'lora beside',
  rank: 4,
  alpha: 4,
  targets: ['attention'],
} as const satisfies SteeredSubset;

/** Of a large model each row goes alone: together the six rows would take six times the activations. */
const memoryOf: { readonly [P in PresetName]: Pick<SteeringOptimization, 'rowsPerPass' | 'activations'> } = {
  'SD 1.x': { rowsPerPass: 1, activations: 'recompute' },
  'SD 2.x': { rowsPerPass: 1, activations: 'recompute' },
  pocket: { rowsPerPass: 'all', activations: 'keep' },
};

/** Rows that a step differentiates: EDSD's, for each text of guidance and each edit, and mode shifting's. */
export function rowsPerStep({ edsd, modeShifting }: SteeringSettings): number {
  const terms = edsd === 'off' ? 0 : edsd.batchSize * edsd.edits * guidedTexts(edsd.guidanceScale).length;
  return terms + (modeShifting === 'off' ? 0 : modeShifting.batchSize);
}

/** In how many equal parts a step's rows go through the network. */
export function passesPerStep(settings: SteeringSettings): number {
  const { rowsPerPass } = settings.optimization;
  return rowsPerPass === 'all' ? 1 : rowsPerStep(settings) / rowsPerPass;
}

/** @throws a sentence about the first setting out of its range, before anything is drawn or compiled */
export function checkSteering(settings: SteeringSettings, trainTimesteps: number): void {
  const { edsd, modeShifting, guidedImages, optimization } = settings;
  whole('steps', optimization.steps);
  if (optimization.rowsPerPass !== 'all') whole('rowsPerPass', optimization.rowsPerPass);
  checkRates(optimization, 'steer: optimization.');
  const { clipNorm } = optimization;
  if (clipNorm !== 'none') number('optimization.clipNorm', clipNorm, (norm) => norm > 0, ' above 0');
  if (edsd === 'off' && modeShifting === 'off') {
    throw new Error('steer: both losses are off, so there is nothing to steer by; leave one on');
  }
  if (edsd !== 'off') {
    whole('edsd.batchSize', edsd.batchSize);
    whole('edsd.edits', edsd.edits);
    number('edsd.editStepSize', edsd.editStepSize, (η) => η >= 0, ' ≥ 0');
    number('edsd.guidanceScale', edsd.guidanceScale, () => true, '');
    const { from, to } = edsd.timesteps ?? { from: 0, to: 0 };
    if (![from, to].every(Number.isSafeInteger) || from < 0 || to < from || to >= trainTimesteps) {
      throw new Error(
        `steer: edsd.timesteps is a range of whole numbers in 0 … ${trainTimesteps - 1}, got ${from} … ${to}`,
      );
    }
  }
  if (modeShifting !== 'off') checkModeShifting(modeShifting, guidedImages, trainTimesteps);
  if (!Number.isInteger(passesPerStep(settings))) {
    const rows = rowsPerStep(settings);
    throw new Error(
      `steer: the ${rows} rows of a step cannot be divided into passes of ${optimization.rowsPerPass}; choose a divisor of ${rows}`,
    );
  }
}

function checkModeShifting(
  modeShifting: ModeShiftingSettings,
  guidedImages: GuidedImageSettings,
  trainTimesteps: number,
): void {
  whole('modeShifting.batchSize', modeShifting.batchSize);
  number('modeShifting.weight', modeShifting.weight, (μ) => μ > 0, ' above 0');
  whole('guidedImages.count', guidedImages.count);
  whole('guidedImages.keep', guidedImages.keep);
  requireSteps(guidedImages.steps, trainTimesteps);
  number('guidedImages.guidanceScale', guidedImages.guidanceScale, () => true, '');
  number('guidedImages.strength', guidedImages.strength, (share) => share > 0 && share <= 1, ' in (0, 1]');
  const { appearance, guidance } = guidedImages;
  if (appearance !== 'source') {
    const { drawings, noises, temperature, times } = appearance;
    whole('appearance.drawings', drawings);
    whole('appearance.noises', noises);
    number('appearance.guidanceScale', appearance.guidanceScale, () => true, '');
    number('appearance.temperature', temperature, (τ) => τ > 0, ' above 0');
    if (times.length === 0) {
      throw new Error('steer: appearance.times are one or more shares of the schedule, got none');
    }
    for (const time of times) {
      number('appearance.times', time, (share) => share >= 0 && share <= 1, ' in [0, 1]');
    }
  }
  if (guidance.kind === 'injection') {
    for (const name of ['attentionUntil', 'residualUntil'] as const) {
      number(`guidance.${name}`, guidance[name], (share) => share >= 0 && share <= 1, ' in [0, 1]');
    }
  }
  if (guidance.kind === 'energy') {
    number('guidance.strength', guidance.strength, (strength) => strength >= 0, ' ≥ 0');
    number('guidance.until', guidance.until, (share) => share >= 0 && share <= 1, ' in [0, 1]');
    if (guidance.subjectMean === 'free' && guidance.features === 'probabilities') {
      throw new Error(
        'steer: probabilities have no mean of the subject to be free; follow it (subjectMean), or choose queries and keys',
      );
    }
  }
  if (guidedImages.keep > guidedImages.count) {
    throw new Error(
      `steer: guidedImages.keep is at most guidedImages.count, ${guidedImages.count}, got ${guidedImages.keep}`,
    );
  }
}

function whole(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new Error(`steer: ${name} is a whole number ≥ 1, got ${value}`);
}

function number(name: string, value: number, allows: (value: number) => boolean, range: string): void {
  if (Number.isFinite(value) && allows(value)) return;
  throw new Error(`steer: ${name} is a finite number${range}, got ${value}`);
}
