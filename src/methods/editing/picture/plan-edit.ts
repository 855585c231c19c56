import type { NdArray, RandomKey } from '../../../engine/arrays/index.ts';
import { forwardEvents } from '../../../engine/index.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import { contextOf, encodeImage, type Latents, type NoiseSchedule } from '../../diffusion/index.ts';
import { checkMask } from '../mask/check-mask.ts';
import { type Plane, resizePlane } from '../mask/resize-plane.ts';
import { type AttentionEvent, type SubjectMapSettings, subjectMap } from '../mask/subject-map.ts';
import { subjectRegion } from '../mask/subject-region.ts';
import { findSubjectWord, type SubjectWord, subjectFromWords } from '../mask/subject-word.ts';
import { insideOf, modelInput, type Window, windowOf } from './crop-pixels.ts';
import { latentMask, type MaskEdge, maskOfEverything, maskOfGiven, maskOfRegion } from './edit-mask.ts';
import type { EditModels } from './edit-models.ts';
import type { Raster } from './raster.ts';
import { type Box, boxOf, checkCrop, chooseCrop, type SquareCrop, wholeCrop } from './square-crop.ts';

/** Where the edit may change the picture. */
export type MaskOptions =
  /** Found from the attention of the subject's word: DDS-SM. */
  | ({
      readonly kind: 'automatic';
      /** Words of the source prompt. Default: found from the two prompts (`findSubjectWord`). */
      readonly subject?: string;
      /** Where the map is cut, from 0 to 1. Default: Otsu's threshold. */
      readonly threshold?: number;
    } & MaskEdge &
      SubjectMapSettings)
  /** [height, width] of the picture, 0 to 1. */
  | ({ readonly kind: 'given'; readonly mask: Plane } & MaskEdge)
  /** Everywhere: DDS and DDS-S. */
  | { readonly kind: 'none' };

/** Which square of the picture the model sees. */
export type CropOptions =
  /** Around the masked subject with this context (see `chooseCrop`); the whole picture without a mask. */
  | { readonly kind: 'around the subject'; readonly context?: number }
  | { readonly kind: 'whole' }
  | { readonly kind: 'given'; readonly crop: SquareCrop };

/** What is decided before the edit begins. Resuming takes it instead of deciding again. */
export interface EditPlan {
  readonly crop: SquareCrop;
  /** [side, side] of the crop in the picture's pixels, 0 to 1: what the composite takes of the edit. */
  readonly mask: Plane;
  /** [cells, cells]: how much latents move; undefined where all of them move freely. */
  readonly latentMask: Plane | undefined;
  /** How an automatic mask came about; the map and region are [cells, cells] of the crop. */
  readonly subject: FoundSubject | undefined;
}

export interface FoundSubject {
  readonly word: SubjectWord;
  readonly map: Plane;
  readonly region: Plane;
  readonly threshold: number | undefined;
}

export interface PlanOptions {
  readonly models: Pick<EditModels, 'pretrained'> & {
    /** Its words are all that is asked of it. */
    readonly personalized: Pick<EditModels['personalized'], 'tokenizer'>;
  };
  readonly picture: Raster;
  readonly prompts: { readonly source: string; readonly target: string };
  readonly schedule: NoiseSchedule;
  readonly mask: MaskOptions;
  readonly crop: CropOptions;
  /** Of the square that the model sees, in pixels. */
  readonly side: number;
  readonly key: RandomKey;
  readonly signal: AbortSignal | undefined;
}

export interface PlannedEdit {
  readonly plan: EditPlan;
  /** ẑ of the crop, if the model has looked at it already. */
  readonly source: Latents | undefined;
}

/** `AttentionEvent`s of a look at the whole picture, coarsely, or at the crop. */
export type LookEvent = AttentionEvent & { readonly at: 'whole picture' | 'crop' };

/**
 * Decides crop and masks. An automatic mask of a picture larger than the model's size is found twice: coarsely on the
 * whole picture, to know where to crop, and again on the crop.
 * @throws a sentence if a mask or crop does not fit, or the subject cannot be named; the signal's reason when it is aborted
 */
export async function* planEdit(options: PlanOptions): AsyncGenerator<LookEvent, PlannedEdit, undefined> {
  const { mask, picture } = options;
  if (options.crop.kind === 'given') checkCrop(picture, options.crop.crop);
  const cells = options.side / pixelsPerCell(options.models.pretrained.model.vae.config);
  if (mask.kind === 'automatic') return yield* planAutomatic(options, mask, cells);
  if (mask.kind === 'none') {
    const crop = options.crop.kind === 'given' ? options.crop.crop : wholeCrop(picture);
    const everything = maskOfEverything(picture, crop, cells);
    const plan = { crop, mask: everything, latentMask: undefined, subject: undefined };
    return { plan, source: undefined };
  }
  checkMask('editing', mask.mask, { whole: 'picture', size: [picture.height, picture.width] });
  const crop = cropAround(options, boxOf(mask.mask));
  const own = maskOfGiven(picture, crop, mask.mask, mask);
  return { plan: planned(crop, own, cells, undefined), source: undefined };
}

async function* planAutomatic(
  options: PlanOptions,
  mask: MaskOptions & { readonly kind: 'automatic' },
  cells: number,
): AsyncGenerator<LookEvent, PlannedEdit, undefined> {
  const { models, picture, prompts, side } = options;
  const { tokenizer } = models.pretrained;
  const word =
    mask.subject !== undefined
      ? subjectFromWords(tokenizer, prompts.source, mask.subject)
      : findSubjectWord({
          source: prompts.source,
          sourceTokenizer: tokenizer,
          target: prompts.target,
          targetTokenizer: models.personalized.tokenizer,
        });
  const context = await contextOf(models.pretrained, [prompts.source]);
  const look = { ...options, settings: mask, word, context };

  let crop = options.crop.kind === 'given' ? options.crop.crop : wholeCrop(picture);
  if (options.crop.kind === 'around the subject' && crop.side > side) {
    const whole = { top: 0, left: 0, height: picture.height, width: picture.width };
    const { map } = yield* lookAt(look, whole, fittedSize(whole, cells), 'whole picture');
    const { region } = subjectRegion(map, mask.threshold);
    crop = cropAround(options, boxOf(resizePlane(region, [picture.height, picture.width])));
  }
  const seen = yield* lookAt(look, windowOf(crop), [cells, cells], 'crop');
  const map = withoutOutside(seen.map, crop, picture);
  const { region, threshold } = subjectRegion(map, mask.threshold);
  const own = maskOfRegion(picture, crop, region, mask);
  const plan = planned(crop, own, cells, { word, map, region, threshold });
  return { plan, source: seen.source };
}

interface Look extends PlanOptions {
  readonly settings: SubjectMapSettings;
  readonly word: SubjectWord;
  readonly context: NdArray;
}

/** The subject's map in a window of the picture, at a latent resolution, and the window's latents. */
async function* lookAt(
  { models, picture, schedule, settings, word, context, key, signal }: Look,
  window: Window,
  size: readonly [height: number, width: number],
  at: LookEvent['at'],
): AsyncGenerator<LookEvent, { readonly map: Plane; readonly source: Latents }, undefined> {
  const { model } = models.pretrained;
  const cell = pixelsPerCell(model.vae.config);
  const seen = modelInput(picture, window, [size[0] * cell, size[1] * cell]);
  const source = await encodeImage(model, seen, signal);
  const looking = subjectMap({
    ...settings,
    device: model.device,
    network: model.unet,
    schedule,
    source,
    context,
    positions: word.positions,
    key,
    ...(signal && { signal }),
  });
  const map = yield* forwardEvents(looking, (event) => ({ ...event, at }));
  return { map, source };
}

function planned(crop: SquareCrop, mask: Plane, cells: number, subject: FoundSubject | undefined): EditPlan {
  if (mask.data.every((share) => share === 0)) {
    throw new Error(
      'editImage: the mask is empty, so nothing would be edited; give one that covers the subject',
    );
  }
  return { crop, mask, latentMask: latentMask(mask, cells), subject };
}

/** The crop as asked for; a box that is empty has nothing to stand around. */
function cropAround({ crop, picture, side }: PlanOptions, box: Box | undefined): SquareCrop {
  if (crop.kind === 'given') return crop.crop;
  if (crop.kind === 'whole' || box === undefined) return wholeCrop(picture);
  return chooseCrop(picture, box, { ...crop, leastSide: side });
}

/** Latent cells of a whole picture whose longer side is as long as the model's; the shorter one has at least one. */
function fittedSize({ height, width }: Window, cells: number): [height: number, width: number] {
  const scale = cells / Math.max(height, width);
  return [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))];
}

/** A map in which nothing is found beyond the picture's borders. */
function withoutOutside(map: Plane, crop: SquareCrop, picture: Raster): Plane {
  const inside = resizePlane(insideOf(crop, picture), map.shape as [number, number]).data;
  return { ...map, data: map.data.map((value, cell) => (inside[cell]! >= 0.5 ? value : 0)) };
}
