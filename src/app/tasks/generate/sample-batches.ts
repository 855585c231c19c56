import { fold, type NdArray, ndArray, normal, randomKey, type Shape } from '../../../engine/index.ts';
import {
  compileDenoiser,
  type Denoiser,
  guidedContext,
  type HeldModel,
  type Latents,
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

/**
 * Latents of the pictures of these seeds. Each has the noise of its own seed, at the start and at every step, so
 * that it is the same picture whatever it is made together with.
 */
export function sampleBatch(
  { denoise, shape }: Prepared,
  { scheduler, steps, strength }: PicturePlan,
  { seeds, source, signal }: Batch,
): AsyncGenerator<SamplingEvent, Latents, void> {
  const keys = seeds.map(randomKey);
  const noise = (label: string, step?: number) =>
    stack(
      keys.map((key) => {
        const labelled = fold(key, label);
        return normal(step === undefined ? labelled : fold(labelled, step), shape);
      }),
    );
  return sample({
    denoise,
    ...scheduler,
    steps,
    key: keys[0]!,
    strength,
    start:
      source === undefined
        ? { kind: 'given-noise', noise: noise('start') }
        : { kind: 'source', clean: stack(seeds.map(() => source)), noise: noise('start') },
    stepNoise: (index) => noise('step', index),
    ...(signal && { signal }),
  });
}

/** Items [channels, height, width], or [1, …] */
function stack(items: readonly NdArray<'float32'>[]): Latents {
  const [first] = items;
  const size = first!.data.length;
  const data = new Float32Array(items.length * size);
  for (const [index, item] of items.entries()) data.set(item.data, index * size);
  return ndArray('float32', [items.length, ...first!.shape.slice(-3)], data);
}
