import {
  type Device,
  exp,
  multiply,
  type NdArray,
  ndArray,
  spec,
  type Tensor,
  type Tree,
} from '../../engine/index.ts';
import { pixelsPerCell, type VaeConfig, vaeEncode } from '../../networks/vae/index.ts';
import { constants } from './constants.ts';
import { prefetching } from './prefetch.ts';
import type { PictureStore } from './training-scenes.ts';

/** What an encoder makes of the first scenes of a set, unscaled, and where their subjects are. */
export type EncodedScenes = {
  /** float32 [scenes, channels, side, side], as is the deviation */
  readonly mean: NdArray;
  readonly deviation: NdArray;
  /** How much of each cell is the subject, 0 to 1: float32 [scenes, 1, side, side]. */
  readonly subject: NdArray;
};

/** After each batch. */
export interface EncodingEvent {
  readonly kind: 'encoded';
  /** Scenes, of `count`. */
  readonly done: number;
  readonly count: number;
}

/** Encodes scenes 0 to `count` − 1, `batchSize` at a time. */
export async function* encodeScenes(
  device: Device,
  config: VaeConfig,
  parameters: Tree<NdArray>,
  pictures: PictureStore,
  { count, batchSize }: { readonly count: number; readonly batchSize: number },
): AsyncGenerator<EncodingEvent, EncodedScenes> {
  const side = config.sampleSize / pixelsPerCell(config);
  const size = config.latentChannels * side * side;
  const program = await device.compile(
    ({ picture }: { readonly picture: Tensor }) => {
      const { mean, logVariance } = vaeEncode(constants(parameters), config, picture);
      return { mean, deviation: exp(multiply(logVariance, 0.5)) };
    },
    { picture: spec([batchSize, config.inputChannels, config.sampleSize, config.sampleSize]) },
  );
  const all = { mean: new Float32Array(count * size), deviation: new Float32Array(count * size) };
  const subject = new Float32Array(count * side * side);
  const read = prefetching((batch) => {
    // The last batch is filled up with its last scene.
    const scenes = Array.from({ length: batchSize }, (_, item) =>
      Math.min(batch * batchSize + item, count - 1),
    );
    return Promise.all([pictures.read(scenes), pictures.readMasks(scenes, side)]);
  });
  try {
    for (let start = 0; start < count; start += batchSize) {
      const [picture, masks] = await read(start / batchSize);
      const encoded = await program.run({ picture });
      const wanted = Math.min(batchSize, count - start);
      for (const part of ['mean', 'deviation'] as const) {
        all[part].set((encoded[part].data as Float32Array).subarray(0, wanted * size), start * size);
      }
      subject.set(masks.data.subarray(0, wanted * side * side), start * side * side);
      yield { kind: 'encoded', done: start + wanted, count };
    }
  } finally {
    await program.dispose();
  }
  const shape = [count, config.latentChannels, side, side];
  return {
    mean: ndArray('float32', shape, all.mean),
    deviation: ndArray('float32', shape, all.deviation),
    subject: ndArray('float32', [count, 1, side, side], subject),
  };
}

/** Latents of drawn pictures by the numbers of their scenes: mean and deviation, both times a scaling factor. */
export interface LatentStore {
  /** Height and width of a latent. */
  readonly side: number;
  /** float32 [scenes, channels, side, side] each */
  readonly read: (scenes: readonly number[]) => { readonly mean: NdArray; readonly deviation: NdArray };
  /** How much of each cell is the subject, 0 to 1: float32 [scenes, 1, side, side]. */
  readonly readSubjects: (scenes: readonly number[]) => NdArray;
}

export function latentStore(encoded: EncodedScenes, scalingFactor: number): LatentStore {
  const [, , side] = encoded.mean.shape as [number, number, number, number];
  const stack = (part: NdArray, scenes: readonly number[], factor: number): NdArray => {
    const [, channels] = part.shape as [number, number, number, number];
    const size = channels * side * side;
    const data = new Float32Array(scenes.length * size);
    for (const [item, scene] of scenes.entries()) {
      data.set((part.data as Float32Array).subarray(scene * size, (scene + 1) * size), item * size);
    }
    return ndArray(
      'float32',
      [scenes.length, channels, side, side],
      data.map((value) => value * factor),
    );
  };
  return {
    side,
    read: (scenes) => ({
      mean: stack(encoded.mean, scenes, scalingFactor),
      deviation: stack(encoded.deviation, scenes, scalingFactor),
    }),
    readSubjects: (scenes) => stack(encoded.subject, scenes, 1),
  };
}

/**
 * What latents are to be multiplied by so that the deviation of the first scenes' is 1 (Rombach et al. 2022, appendix
 * G): a VAE's `scaling_factor`.
 */
export function measureScalingFactor(
  { mean, deviation }: Pick<EncodedScenes, 'mean' | 'deviation'>,
  scenes: number,
): number {
  const count = (mean.data.length / mean.shape[0]!) * scenes;
  const [means, deviations] = [mean, deviation].map(({ data }) =>
    (data as Float32Array).subarray(0, count),
  ) as [Float32Array, Float32Array];
  const average = means.reduce((sum, value) => sum + value, 0) / count;
  const variance =
    means.reduce((sum, value, at) => sum + (value - average) ** 2 + deviations[at]! ** 2, 0) / count;
  return 1 / Math.sqrt(variance);
}
