import { type NdArray, ndArray, Owner, type RandomKey, spec } from '../../engine/index.ts';
import { clipText, encodePrompts, type Tokenizer } from '../../networks/clip/index.ts';
import { pixelsPerCell } from '../../networks/vae/index.ts';
import type { GuidanceOptions } from './classifier-free-guidance.ts';
import { compileDenoiser } from './compile-denoiser.ts';
import { decodeLatents } from './decode-latents.ts';
import type { Latents } from './denoiser.ts';
import { compileNetwork, type HeldModel } from './held-model.ts';
import { type SamplingEvent, type SamplingStart, sample } from './sample.ts';
import type { Scheduler } from './scheduler-config.ts';

export interface TextToImageOptions extends GuidanceOptions {
  readonly tokenizer: Tokenizer;
  readonly prompt: string;
  /** What guidance leads away from. Default: the empty prompt. */
  readonly negativePrompt?: string;
  readonly scheduler: Scheduler;
  readonly steps: number;
  readonly key: RandomKey;
  /** Pixels; multiples of the autoencoder's cell, 8. */
  readonly height: number;
  readonly width: number;
  /** Pictures made at a time. Default 1. */
  readonly count?: number;
  readonly signal?: AbortSignal;
}

export interface GeneratedImages {
  /** float32 [count, 3, height, width], about −1 to 1 and not clipped. */
  readonly images: NdArray<'float32'>;
  /** float32 [count, 4, height / 8, width / 8] */
  readonly latents: Latents;
}

/**
 * Makes pictures from a prompt with latent diffusion (Rombach et al. 2022, arXiv 2112.10752): text encoder, UNet under
 * a sampler with classifier-free guidance, decoder. Yields the sampler's steps.
 * @throws a sentence if the size is not made of whole cells, and what `sample` throws
 */
export async function* textToImage(
  model: HeldModel,
  options: TextToImageOptions,
): AsyncGenerator<SamplingEvent, GeneratedImages> {
  const { tokenizer, prompt, negativePrompt = '', count = 1, ...rest } = options;
  const shape = latentShape(model, options);
  const prompts = options.guidanceScale === 1 ? [prompt] : [prompt, negativePrompt];
  const context = await guidedContext(model, encodePrompts(tokenizer, prompts), count);
  return yield* sampleImages(model, { ...rest, context, start: { kind: 'noise', shape } });
}

/**
 * What the UNet is conditioned on, for a batch of `count` pictures: the hidden states of the prompt, followed by those
 * of the prompt that guidance leads away from, if there is one.
 * @param ids int64 [prompts, 77]
 * @returns float32 [prompts · count, 77, size]
 */
export async function guidedContext(
  { device, textEncoder }: HeldModel,
  ids: NdArray,
  count: number,
): Promise<NdArray> {
  await using owner = new Owner();
  const program = owner.use(
    await compileNetwork(
      device,
      textEncoder,
      (parameters, { ids }) => ({ hidden: clipText(parameters, textEncoder.config, ids).lastHiddenState }),
      { ids: spec(ids.shape, ids.dtype) },
    ),
  );
  const { hidden } = await program.run({ ids }, textEncoder.parameters);
  return repeatItems(hidden!, count);
}

export interface SampleImagesOptions extends GuidanceOptions {
  /** From `guidedContext`: with two prompts if the guidance scale is not 1. */
  readonly context: NdArray;
  readonly scheduler: Scheduler;
  readonly steps: number;
  readonly key: RandomKey;
  readonly start: SamplingStart;
  /** See `sample`: the share of the steps that is walked, for image to image. */
  readonly strength?: number;
  /** See `sample`: noise of stochastic steps, instead of the key's. */
  readonly stepNoise?: (index: number) => Latents;
  readonly signal?: AbortSignal;
}

/** Samples latents under a context and decodes them. */
export async function* sampleImages(
  model: HeldModel,
  { context, scheduler, steps, key, start, strength, stepNoise, signal, ...guidance }: SampleImagesOptions,
): AsyncGenerator<SamplingEvent, GeneratedImages> {
  const { denoise, dispose } = await compileDenoiser(model, shapeOf(start), context, guidance);
  try {
    const latents = yield* sample({
      denoise,
      ...scheduler,
      steps,
      key,
      start,
      ...(strength !== undefined && { strength }),
      ...(stepNoise && { stepNoise }),
      ...(signal && { signal }),
    });
    return { latents, images: await decodeLatents(model, latents, { signal }) };
  } finally {
    await dispose();
  }
}

function latentShape({ vae, unet }: HeldModel, { height, width, count = 1 }: TextToImageOptions): number[] {
  const cell = pixelsPerCell(vae.config);
  const fits = [height, width].every((side) => Number.isInteger(side) && side > 0 && side % cell === 0);
  if (!fits)
    throw new Error(`textToImage: width and height are multiples of ${cell}, got ${width} × ${height}`);
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new Error(`textToImage: the number of pictures is a whole number ≥ 1, got ${count}`);
  }
  return [count, unet.config.inputChannels, height / cell, width / cell];
}

const shapeOf = (start: SamplingStart): readonly number[] => {
  if (start.kind === 'noise') return start.shape;
  if (start.kind === 'given-noise') return start.noise.shape;
  return (start.kind === 'source' ? start.clean : start.latents).shape;
};

/** [items, …] → [items · count, …], each item `count` times in a row. */
function repeatItems(array: NdArray, count: number): NdArray {
  const source = array.data as Float32Array;
  const items = array.shape[0]!;
  const size = source.length / items;
  const data = new Float32Array(source.length * count);
  for (let i = 0; i < items * count; i++) {
    const from = Math.floor(i / count) * size;
    data.set(source.subarray(from, from + size), i * size);
  }
  return ndArray('float32', [items * count, ...array.shape.slice(1)], data);
}
