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
import type { PictureStore } from './training-scenes.ts';

/** Latents of drawn pictures, kept in memory once encoded: mean and deviation, both times the scaling factor. */
export interface LatentStore {
  /** Height and width of a latent. */
  readonly side: number;
  /** float32 [scenes, 4, side, side] each */
  readonly read: (
    scenes: readonly number[],
  ) => Promise<{ readonly mean: NdArray; readonly deviation: NdArray }>;
}

/** The pictures are encoded `batchSize` at a time. */
export async function latentStore(
  device: Device,
  config: VaeConfig,
  parameters: Tree<NdArray>,
  pictures: PictureStore,
  { batchSize, threads }: { readonly batchSize: number; readonly threads?: number },
): Promise<LatentStore> {
  const side = config.sampleSize / pixelsPerCell(config);
  const size = config.latentChannels * side * side;
  const program = await device.compile(
    ({ picture }: { readonly picture: Tensor }) => {
      const { mean, logVariance } = vaeEncode(constants(parameters), config, picture);
      return {
        mean: multiply(mean, config.scalingFactor),
        deviation: multiply(exp(multiply(logVariance, 0.5)), config.scalingFactor),
      };
    },
    { picture: spec([batchSize, config.inputChannels, config.sampleSize, config.sampleSize]) },
    { ...(threads && { threads }) },
  );
  /** Mean, then deviation, of each scene. */
  const encoded = new Map<number, Float32Array>();

  async function encode(scenes: readonly number[]): Promise<void> {
    const padded = Array.from({ length: batchSize }, (_, item) => scenes[Math.min(item, scenes.length - 1)]!);
    const { mean, deviation } = await program.run({ picture: await pictures.read(padded) });
    for (const [item, scene] of scenes.entries()) {
      const both = new Float32Array(2 * size);
      both.set((mean.data as Float32Array).subarray(item * size, (item + 1) * size));
      both.set((deviation.data as Float32Array).subarray(item * size, (item + 1) * size), size);
      encoded.set(scene, both);
    }
  }

  return {
    side,
    read: async (scenes) => {
      const missing = [...new Set(scenes)].filter((scene) => !encoded.has(scene));
      for (let at = 0; at < missing.length; at += batchSize) await encode(missing.slice(at, at + batchSize));
      const stack = (half: 0 | 1): NdArray => {
        const data = new Float32Array(scenes.length * size);
        for (const [item, scene] of scenes.entries()) {
          data.set(encoded.get(scene)!.subarray(half * size, (half + 1) * size), item * size);
        }
        return ndArray('float32', [scenes.length, config.latentChannels, side, side], data);
      };
      return { mean: stack(0), deviation: stack(1) };
    },
  };
}

/**
 * What latents are to be multiplied by so that their deviation over these scenes is 1 (Rombach et al. 2022, appendix
 * G): a VAE's `scaling_factor`.
 * @param latents a store that was made with the scaling factor 1
 */
export async function measureScalingFactor(latents: LatentStore, scenes: readonly number[]): Promise<number> {
  const { mean, deviation } = await latents.read(scenes);
  const [means, deviations] = [mean.data as Float32Array, deviation.data as Float32Array];
  const average = means.reduce((sum, value) => sum + value, 0) / means.length;
  const variance =
    means.reduce((sum, value, at) => sum + (value - average) ** 2 + deviations[at]! ** 2, 0) / means.length;
  return 1 / Math.sqrt(variance);
}
