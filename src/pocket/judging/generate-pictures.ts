import { fold, type RandomKey, resultOf } from '../../engine/index.ts';
import { type Picture, picturesFromArray } from '../../files/images/index.ts';
import {
  contextOf,
  noiseOfPictures,
  type PromptedModel,
  type Scheduler,
  sampleImages,
} from '../../methods/diffusion/index.ts';
import { pixelsPerCell } from '../../networks/vae/index.ts';
import { batchesOf } from './batches.ts';

/** How pictures are sampled. */
export interface GeneratingOptions {
  readonly scheduler: Scheduler;
  readonly steps: number;
  readonly guidanceScale: number;
  /** Pictures at a time. Default 8. */
  readonly batchSize?: number;
  readonly key: RandomKey;
  readonly signal?: AbortSignal;
}

/** A picture of each prompt, the same whatever it is made together with; yields them as they are made, some at a time. */
export async function* generatePictures(
  prompted: PromptedModel,
  prompts: readonly string[],
  { scheduler, steps, guidanceScale, batchSize = 8, key, signal }: GeneratingOptions,
): AsyncGenerator<readonly Picture[], void> {
  const { model } = prompted;
  const { inputChannels } = model.unet.config;
  const side = model.vae.config.sampleSize / pixelsPerCell(model.vae.config);
  for (const batch of batchesOf(prompts.length, batchSize)) {
    const asked = batch.map((index) => prompts[index]!);
    const all = guidanceScale === 1 ? asked : [...asked, ...asked.map(() => '')];
    const keys = batch.map((index) => fold(key, index));
    const { start, stepNoise } = noiseOfPictures(keys, [inputChannels, side, side]);
    const sampling = sampleImages(model, {
      scheduler,
      steps,
      guidanceScale,
      key,
      context: await contextOf(prompted, all),
      start: { kind: 'given-noise', noise: start },
      stepNoise,
      ...(signal && { signal }),
    });
    const { images } = await resultOf(sampling);
    yield picturesFromArray(images, 'generatePictures');
  }
}
