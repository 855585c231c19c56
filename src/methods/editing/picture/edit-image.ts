import { fold, type RandomKey } from '../../../engine/arrays/index.ts';
import { forwardEvents } from '../../../engine/index.ts';
import {
  contextOf,
  decodeLatents,
  encodeImage,
  type Latents,
  type NoiseSchedule,
} from '../../diffusion/index.ts';
import type { Branches } from '../delta-denoising/branches.ts';
import {
  type Branch,
  type CompileBranchesOptions,
  compileBranches,
} from '../delta-denoising/compile-branches.ts';
import { type EditEvent, type EditState, editLatents } from '../delta-denoising/edit-latents.ts';
import { type EditSettings, isUnguided, resolveEditSettings } from '../delta-denoising/edit-settings.ts';
import { composite } from './composite.ts';
import { modelInput, windowOf } from './crop-pixels.ts';
import { type EditModels, modelSide } from './edit-models.ts';
import {
  type CropOptions,
  type EditPlan,
  type LookEvent,
  type MaskOptions,
  type PlannedEdit,
  planEdit,
} from './plan-edit.ts';
import { checkRaster, type Raster } from './raster.ts';

/** The three forms of DDS that DreamSteerer compares. */
export type EditVariant = 'dds' | 'dds-s' | 'dds-sm';

/** Which model stands in the source's branch, and which mask is used unless another is asked for. */
const editVariants: {
  readonly [V in EditVariant]: {
    readonly sourceModel: keyof EditModels;
    readonly mask: Exclude<MaskOptions['kind'], 'given'>;
  };
} = {
  dds: { sourceModel: 'personalized', mask: 'none' },
  'dds-s': { sourceModel: 'pretrained', mask: 'none' },
  'dds-sm': { sourceModel: 'pretrained', mask: 'automatic' },
};

export interface EditImageOptions<R extends Raster> extends EditSettings, CompileBranchesOptions {
  readonly models: EditModels;
  readonly schedule: NoiseSchedule;
  /** Of any size and aspect, 8 or 16 bits a channel. */
  readonly picture: R;
  /** What the picture shows. */
  readonly sourcePrompt: string;
  /** What it should show, with the concept's placeholder. */
  readonly prompt: string;
  /** What guidance leads away from, in both branches. Default: the empty prompt. */
  readonly negativePrompt?: string;
  /** Default `dds-sm`. */
  readonly variant?: EditVariant;
  /** Default: the variant's. */
  readonly mask?: MaskOptions;
  /** Default: around the subject. */
  readonly crop?: CropOptions;
  /** Of the square that the model sees, in pixels. Default: what it was trained with. */
  readonly side?: number;
  readonly key: RandomKey;
  /** Decodes a preview after every so many steps. Default: never. */
  readonly previewEvery?: number;
  /** Goes on where an edit was broken off, to the same bits: its plan, and the state of its last step if there is one. */
  readonly resume?: { readonly plan: EditPlan; readonly state?: EditState };
  readonly signal?: AbortSignal;
}

export type EditStage = 'plan' | 'encode' | 'edit' | 'decode' | 'composite';

export type EditImageEvent =
  | { readonly kind: 'stage'; readonly stage: EditStage }
  /** After each call of the UNet that looks for the subject. */
  | LookEvent
  /** Crop and masks are decided. */
  | { readonly kind: 'plan'; readonly plan: EditPlan }
  /** After each step of the edit. */
  | EditEvent
  | PreviewEvent;

/** What the crop would be if the edit ended at this step: float32 [1, 3, side, side], about −1 to 1. */
export interface PreviewEvent {
  readonly kind: 'preview';
  readonly step: number;
  readonly image: Latents;
}

export interface EditedImage<R extends Raster> {
  /** The input with its crop edited; outside `plan.mask` every bit is the input's. */
  readonly picture: R;
  readonly plan: EditPlan;
  /** ẑ and z of the crop, [1, channels, cells, cells]. */
  readonly source: Latents;
  readonly latents: Latents;
  /** What the model made of the whole crop, float32 [1, 3, side, side], about −1 to 1. */
  readonly image: Latents;
  /** How often a UNet was run in this call. */
  readonly unetCalls: { readonly looking: number; readonly editing: number };
}

/**
 * Edits the subject of a picture: finds it, crops around it, edits the crop's latents by DDS in one of its variants,
 * decodes them and puts them into the original pixels. Latents that did not change leave the picture as it is.
 * @throws a sentence for an empty prompt, models that do not fit each other, and what the stages refuse; the signal's
 *   reason when it is aborted
 */
export async function* editImage<R extends Raster>(
  options: EditImageOptions<R>,
): AsyncGenerator<EditImageEvent, EditedImage<R>, undefined> {
  checkOptions(options);
  const { models, picture, signal } = options;
  const { model } = models.pretrained;
  const side = modelSide(model, options.side);
  yield { kind: 'stage', stage: 'plan' };
  const { plan, calls: looking, ...planned } = yield* plannedOrResumed(options, side);
  yield { kind: 'plan', plan };
  yield { kind: 'stage', stage: 'encode' };
  const seen = () => modelInput(picture, windowOf(plan.crop), [side, side]);
  const source = planned.source ?? (await encodeImage(model, seen(), signal));
  yield { kind: 'stage', stage: 'edit' };
  const { latents, calls: editing } = yield* editCrop(options, plan, source);
  yield { kind: 'stage', stage: 'decode' };
  const image = await decodeLatents(model, latents, { signal });
  yield { kind: 'stage', stage: 'composite' };
  const isUnchanged = latents.data.every((value, index) => value === source.data[index]);
  const edited = isUnchanged
    ? { ...picture, pixels: picture.pixels.slice() }
    : composite(picture, { image, crop: plan.crop, mask: plan.mask });
  return { picture: edited, plan, source, latents, image, unetCalls: { looking, editing } };
}

async function* plannedOrResumed<R extends Raster>(
  options: EditImageOptions<R>,
  side: number,
): AsyncGenerator<LookEvent, PlannedEdit & { readonly calls: number }, undefined> {
  const { models, schedule, picture, resume, key, signal } = options;
  if (resume !== undefined) return { plan: resume.plan, source: undefined, calls: 0 };
  const planning = planEdit({
    models,
    picture,
    prompts: { source: options.sourcePrompt, target: options.prompt },
    schedule,
    mask: options.mask ?? { kind: variantOf(options).mask },
    crop: options.crop ?? { kind: 'around the subject' },
    side,
    key: fold(key, 'look'),
    signal,
  });
  let calls = 0;
  const planned = yield* forwardEvents(planning, (event) => {
    calls++;
    return event;
  });
  return { ...planned, calls };
}

async function* editCrop<R extends Raster>(
  options: EditImageOptions<R>,
  { latentMask }: EditPlan,
  source: Latents,
): AsyncGenerator<
  EditEvent | PreviewEvent,
  { readonly latents: Latents; readonly calls: number },
  undefined
> {
  const { models, schedule, key, resume, previewEvery, mask: _mask, ...settings } = options;
  const branches = await compileBranches(
    models.pretrained.model.device,
    await branchesOf(options),
    source.shape,
    options,
  );
  try {
    const editing = editLatents({
      ...settings,
      predict: branches.predict,
      schedule,
      source,
      key: fold(key, 'edit'),
      ...(latentMask !== undefined && { mask: latentMask }),
      ...(resume?.state !== undefined && { resume: resume.state }),
    });
    for (;;) {
      const next = await editing.next();
      if (next.done) return { latents: next.value, calls: branches.calls() };
      yield next.value;
      const { step, latents } = next.value;
      if (previewEvery !== undefined && (step + 1) % previewEvery === 0) {
        const image = await decodeLatents(models.pretrained.model, latents, { signal: options.signal });
        yield { kind: 'preview', step, image };
      }
    }
  } finally {
    await branches.dispose();
  }
}

/** The target under the personalized model; the source under the variant's. */
async function branchesOf<R extends Raster>(options: EditImageOptions<R>): Promise<Branches<Branch>> {
  const { models, schedule, prompt, sourcePrompt, negativePrompt = '' } = options;
  const unguided = isUnguided(resolveEditSettings(options, schedule));
  const prompts = (first: string) => (unguided ? [first] : [first, negativePrompt]);
  const [target, source] = [models.personalized, models[variantOf(options).sourceModel]];
  const context = await contextOf(target, prompts(prompt));
  const asksAlike = target === source && prompt === sourcePrompt;
  return {
    target: { network: target.model.unet, context },
    source: {
      network: source.model.unet,
      context: asksAlike ? context : await contextOf(source, prompts(sourcePrompt)),
    },
  };
}

const variantOf = ({ variant = 'dds-sm' }: { readonly variant?: EditVariant }) => editVariants[variant];

function checkOptions<R extends Raster>(options: EditImageOptions<R>): void {
  const { models, picture, schedule, previewEvery } = options;
  checkRaster(picture);
  resolveEditSettings(options, schedule);
  for (const [name, prompt] of [
    ['source prompt', options.sourcePrompt],
    ['prompt', options.prompt],
  ] as const) {
    if (prompt.trim() === '') {
      throw new Error(`editImage: the ${name} is empty; say what the picture ${whatFor[name]}`);
    }
  }
  if (models.pretrained.model.device !== models.personalized.model.device) {
    throw new Error('editImage: both models must be held on one device');
  }
  if (previewEvery !== undefined && !(Number.isSafeInteger(previewEvery) && previewEvery >= 1)) {
    throw new Error(`editImage: previews come after a whole number of steps ≥ 1, got ${previewEvery}`);
  }
}

const whatFor = { 'source prompt': 'shows', prompt: 'should show' } as const;
