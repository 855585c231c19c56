import { fold, ndArray, Owner, resultOf } from '../../engine/index.ts';
import { arrayFromPictures } from '../../files/images/index.ts';
import { compileImageEncoder, type PromptedModel, weightedSum } from '../../methods/diffusion/index.ts';
import {
  compileSubjectMap,
  otsuThreshold,
  type Plane,
  resizePlane,
  subjectFromWords,
} from '../../methods/editing/index.ts';
import { intersectionOverUnion, type Mask, mean } from '../../methods/evaluation/index.ts';
import { pixelsPerCell } from '../../networks/vae/index.ts';
import { sceneAt } from '../training/index.ts';
import { promptOf } from '../world/index.ts';
import { drawHeldOut } from './held-out-scenes.ts';
import { type JudgingEvent, judgedEvent, type NoisedJudging } from './judging-event.ts';
import { promptContexts } from './prompt-contexts.ts';

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
  prompted: PromptedModel,
  { count = 500, schedule, key, signal }: NoisedJudging,
): AsyncGenerator<JudgingEvent, AttentionQuality> {
  const { model, tokenizer } = prompted;
  const { device, vae, unet: network } = model;
  const { sampleSize: size, scalingFactor } = vae.config;
  const prompts = Array.from({ length: count }, (_, index) => promptOf(sceneAt('held out', index)));
  const contexts = await promptContexts(prompted, prompts);
  await using owner = new Owner();
  const encoder = owner.use(
    await compileImageEncoder({ device, vae }, [1, vae.config.inputChannels, size, size]),
  );
  const side = size / pixelsPerCell(vae.config);
  const map = owner.use(
    await compileSubjectMap(
      { device, network, schedule, noises: 1, refinements: 0 },
      { sample: [1, vae.config.latentChannels, side, side], context: contexts.get(prompts[0]!)!.shape },
    ),
  );
  const overlaps: { readonly iou: number; readonly iouAtHalf: number }[] = [];
  for (let index = 0; index < count; index++) {
    signal?.throwIfAborted();
    const { scene, picture, mask } = await drawHeldOut(index, size);
    const prompt = prompts[index]!;
    const encoded = await encoder.encode(arrayFromPictures([picture]), signal);
    const looking = map.look({
      context: contexts.get(prompt)!,
      key: fold(key, index),
      source: weightedSum([scalingFactor, encoded.mean]),
      positions: subjectFromWords(tokenizer, prompt, scene.subject.class).positions,
      ...(signal && { signal }),
    });
    const plane = await resultOf(looking);
    const separating = otsuThreshold(plane.data);
    overlaps.push({
      iou: separating === undefined ? 0 : overlapAbove(separating, plane, mask),
      iouAtHalf: overlapAbove(0.5, plane, mask),
    });
    yield judgedEvent(index + 1, count);
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
