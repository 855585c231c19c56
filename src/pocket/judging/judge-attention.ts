import { fold, type NdArray, ndArray, resultOf } from '../../engine/index.ts';
import { arrayFromPictures } from '../../files/images/index.ts';
import { contextOf, encodeImage, type PromptedModel } from '../../methods/diffusion/index.ts';
import {
  otsuThreshold,
  type Plane,
  resizePlane,
  subjectFromWords,
  subjectMap,
} from '../../methods/editing/index.ts';
import { intersectionOverUnion, type Mask, mean } from '../../methods/evaluation/index.ts';
import { promptOf } from '../world/index.ts';
import { drawHeldOut } from './held-out-scenes.ts';
import { type JudgingEvent, judged, type NoisedJudging } from './judging-event.ts';

export interface AttentionQuality {
  readonly count: number;
  /** Mean intersection over union with the true mask, 0 to 1, of maps cut at Otsu's threshold. */
  readonly iou: number;
  /** The same of maps cut at half of their range. */
  readonly iouAtHalf: number;
}

/**
 * Whether the cross-attention of the class word on noised held-out scenes shows where the subject is: the map as an
 * edit takes it, without refinement by self-attention, cut at Otsu's threshold and at half of its range.
 */
export async function* judgeAttention(
  judgedModel: PromptedModel,
  { count = 500, schedule, key, signal }: NoisedJudging,
): AsyncGenerator<JudgingEvent, AttentionQuality> {
  const { model, tokenizer } = judgedModel;
  const contexts = new Map<string, NdArray>();
  const overlaps: { readonly iou: number; readonly iouAtHalf: number }[] = [];
  for (let index = 0; index < count; index++) {
    signal?.throwIfAborted();
    const { scene, picture, mask } = await drawHeldOut(index, model.vae.config.sampleSize);
    const prompt = promptOf(scene);
    const context = contexts.get(prompt) ?? (await contextOf(judgedModel, [prompt]));
    contexts.set(prompt, context);
    const looking = subjectMap({
      device: model.device,
      network: model.unet,
      schedule,
      context,
      key: fold(key, index),
      source: await encodeImage(model, arrayFromPictures([picture])),
      positions: subjectFromWords(tokenizer, prompt, scene.subject.class).positions,
      noises: 1,
      refinements: 0,
    });
    const map = await resultOf(looking);
    const separating = otsuThreshold(map.data);
    overlaps.push({
      iou: separating === undefined ? 0 : overlapAbove(separating, map, mask),
      iouAtHalf: overlapAbove(0.5, map, mask),
    });
    yield judged(index + 1, count);
  }
  return {
    count,
    iou: mean(overlaps.map(({ iou }) => iou)),
    iouAtHalf: mean(overlaps.map(({ iouAtHalf }) => iouAtHalf)),
  };
}

/** Intersection over union of a mask with what reaches a threshold in a map resized to it, 0 to 1. */
export function overlapAbove(threshold: number, map: Plane, mask: Mask): number {
  const resized = resizePlane(map, mask.shape as [number, number]);
  const reached = resized.data.map((value) => (value >= threshold ? 1 : 0));
  return intersectionOverUnion(ndArray('float32', mask.shape, reached), mask);
}
