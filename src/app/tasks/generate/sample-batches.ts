import { joinArrays, randomKey, type Shape } from '../../../engine/index.ts';
import {
  compileDenoiser,
  type Denoiser,
  guidedContext,
  type HeldModel,
  type Latents,
  noiseOfPictures,
  type SamplingEvent,
  sample,
} from '../../../methods/diffusion/index.ts';
import { encodePrompts, type Tokenizer } from '../../../networks/clip/index.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import type { DecidedParameters } from './parameters.ts';
import type { PicturePlan } from './plan-pictures.ts';

/** The UNet under the prompts, for as many pictures as the latents have. */
export interface Prepared {
  readonly denoise: Denoiser;
  /** Of one picture. */
  readonly shape: Shape;
}

export interface Denoisers {
  /** For a number of pictures. The same is compiled once; a last batch that is smaller has its own. */
  prepare(count: number): Promise<Prepared>;
  dispose(): Promise<void>;
}

export function prepareDenoisers(
  model: HeldModel,
  tokenizer: Tokenizer,
  { prompt, negativePrompt, guidanceScale, guidanceRescale }: DecidedParameters,
  { width, height }: PicturePlan,
): Denoisers {
  const cell = pixelsPerCell(model.vae.config);
  const shape = [model.unet.config.inputChannels, height / cell, width / cell];
  const ids = encodePrompts(tokenizer, guidanceScale === 1 ? [prompt] : [prompt, negativePrompt]);
  let current: { readonly count: number; readonly denoise: Denoiser; dispose(): Promise<void> } | undefined;
  return {
    async prepare(count) {
      if (current?.count !== count) {
        await current?.dispose();
        const context = await guidedContext(model, ids, count);
        const guidance = { guidanceScale, guidanceRescale };
        current = { count, ...(await compileDenoiser(model, [count, ...shape], context, guidance)) };
      }
      return { denoise: current.denoise, shape };
    },
    dispose: async () => current?.dispose(),
  };
}

export interface Batch {
  readonly seeds: readonly number[];
  /** Latents [1, 4, height, width] that all start from; undefined: from noise. */
  readonly source: Latents | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Latents of the pictures of these seeds, each the same picture whatever it is made together with. */
export function sampleBatch(
  { denoise, shape }: Prepared,
  { scheduler, steps, strength }: PicturePlan,
  { seeds, source, signal }: Batch,
): AsyncGenerator<SamplingEvent, Latents, void> {
  const keys = seeds.map(randomKey);
  const { start, stepNoise } = noiseOfPictures(keys, shape);
  return sample({
    denoise,
    ...scheduler,
    steps,
    key: keys[0]!,
    strength,
    start:
      source === undefined
        ? { kind: 'given-noise', noise: start }
        : { kind: 'source', clean: joinArrays(seeds.map(() => source)), noise: start },
    stepNoise,
    ...(signal && { signal }),
  });
}
