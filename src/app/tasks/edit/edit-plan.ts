import type { MethodKind } from '../../../files/checkpoints/index.ts';
import type { PresetName } from '../../../methods/personalization/index.ts';
import {
  defaultSteering,
  loraBeside,
  type SteeringSettings,
  steeringEverywhere,
} from '../../../methods/steering/index.ts';
import { type PlainEditSettings, usualEditing } from '../../models/usual-editing.ts';
import { ParameterError } from '../task.ts';
import { variants as known, parseVariants, type VariantName } from './edit-variants.ts';
import type { EditParameters } from './parameters.ts';

/** Every number of an edit. */
export interface EditRecipe {
  readonly variants: readonly VariantName[];
  readonly editing: PlainEditSettings;
  /** Undefined where nothing is steered. */
  readonly steering: SteeringSettings | undefined;
}

/**
 * What is asked for, with the model's usual numbers for the rest.
 * @param model `method` is the concept's, if there is one
 * @throws TaskError if parameters contradict each other
 */
export function recipeOf(
  parameters: EditParameters,
  model: { readonly preset: PresetName; readonly method: MethodKind | undefined },
): EditRecipe {
  const { preset, method } = model;
  const { fast, best, steer, concept } = parameters;
  if (fast && best) throw new ParameterError('fast', 'contradicts --best; leave one of them out');
  const share = fast ? 1 / 4 : best ? 2 : 1;
  const { names } = parseVariants(parameters.variants);
  const steers = steer && concept !== undefined;
  // Without steering both are one.
  const variants = steers ? names : [...new Set(names.map((name) => (name === 'full' ? 'dds-sm' : name)))];
  checkMasked(parameters, variants);
  checkKept(parameters, variants);
  const usual = usualEditing[preset];
  return {
    variants,
    editing: {
      ...usual,
      steps: parameters.steps ?? Math.max(1, Math.round(share * usual.steps)),
      guidanceScale: parameters.guidanceScale ?? usual.guidanceScale,
      stepSize: parameters.stepSize ?? usual.stepSize,
    },
    steering:
      variants.includes('full') && method !== undefined
        ? steeringOf(parameters, usualSteering[parameters.steerWhat](method, preset), share)
        : undefined,
  };
}

/** To be kept a concept must be steered, and to have a form it must be kept. */
function checkKept(
  { concept, steer, saveSteered, steeredAs }: EditParameters,
  variants: readonly VariantName[],
): void {
  if (steeredAs === 'lora' && !saveSteered) {
    throw new ParameterError(
      'steeredAs',
      'the steered concept is not kept; keep it (--save-steered), or leave its form out',
    );
  }
  if (!saveSteered || variants.includes('full')) return;
  const why = !steer
    ? 'steering is off (--no-steer)'
    : concept === undefined
      ? 'there is no concept (--concept)'
      : `${variants.join(', ')} edit without it`;
  throw new ParameterError(
    'saveSteered',
    `${why}, so nothing is steered that could be kept; leave one of them out`,
  );
}

/** What is said of a mask asks for an edit that has one, and a subject for one that is found. */
function checkMasked(
  { mask, subject, grow, feather }: EditParameters,
  variants: readonly VariantName[],
): void {
  const said = { mask: mask === 'none' ? undefined : mask, subject, grow, feather };
  const [name] = Object.entries(said).find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) return;
  if (variants.every((name) => known[name].mask === 'none')) {
    throw new ParameterError(
      name,
      `without a mask is how ${variants.join(', ')} edit; add a variant that has one (dds-sm, full), or leave this out`,
    );
  }
  if (mask === 'none') {
    throw new ParameterError(
      name,
      `there is to be no mask (--no-mask), so it says nothing; leave one of them out`,
    );
  }
  if (mask !== undefined && subject !== undefined) {
    throw new ParameterError(
      'subject',
      'the mask is given (--mask), so nothing is looked for; leave the subject out, or the mask to have it found',
    );
  }
}

const usualSteering: {
  readonly [W in EditParameters['steerWhat']]: (method: MethodKind, preset: PresetName) => SteeringSettings;
} = {
  concept: defaultSteering,
  // By the rates of a LoRA, whatever the concept is.
  lora: (_, preset) => ({ ...defaultSteering('lora', preset), subset: loraBeside }),
};

function steeringOf(
  { steerSteps, guidedImages, mask }: EditParameters,
  usual: SteeringSettings,
  share: number,
): SteeringSettings {
  const sampling = usual.guidedImages;
  const count = guidedImages ?? Math.max(2, Math.round(Math.min(share, 1) * sampling.count));
  const steps = steerSteps ?? Math.max(1, Math.round(share * usual.optimization.steps));
  const { appearance } = sampling;
  const settings: SteeringSettings = {
    ...usual,
    guidedImages: {
      ...sampling,
      count,
      keep: count,
      appearance:
        appearance === 'source'
          ? appearance
          : { ...appearance, drawings: Math.min(count, appearance.drawings) },
    },
    optimization: { ...usual.optimization, steps },
  };
  return mask === 'none' ? steeringEverywhere(settings) : settings;
}
