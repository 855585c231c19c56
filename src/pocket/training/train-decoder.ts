import {
  add,
  type Device,
  fold,
  type Minimized,
  minimize,
  multiply,
  type NdArray,
  normal,
  type RandomKey,
  type Shape,
  type StepEvent,
  spec,
  type Tree,
  uniform,
} from '../../engine/index.ts';
import { type VaeConfig, vaeDecode } from '../../networks/vae/index.ts';
import type { LatentStore } from './latent-store.ts';
import { prefetching } from './prefetch.ts';
import { type PretrainingRun, runSettings, type StepRecipe, updateSettings } from './recipe.ts';
import { type ReconstructionRecipe, reconstructionLoss } from './reconstruction-loss.ts';
import { type PictureStore, scenesInTurn } from './training-scenes.ts';

/** How the decoder is tuned. */
export interface DecoderRecipe extends StepRecipe, ReconstructionRecipe {
  /**
   * Share of pictures that are decoded from the means of their latents, as photos are; the others are from samples, as
   * noisy as what a UNet draws.
   */
  readonly meanShare: number;
}

/** What tuning under a frozen encoder changes. */
export type DecoderParameters = {
  readonly decoder: Tree<NdArray>;
  readonly post_quant_conv: Tree<NdArray>;
};

/**
 * Goes on training the decoder of an autoencoder on the latents of its frozen encoder, so that a UNet which was trained
 * on these latents still fits (as Stability AI's sd-vae-ft-mse). Latents are encoded once.
 * @param config that of the latents, with their scaling factor
 */
export async function* trainDecoder(
  device: Device,
  config: VaeConfig,
  vaeParameters: Tree<NdArray>,
  recipe: DecoderRecipe,
  pictures: PictureStore,
  latents: LatentStore,
  run: PretrainingRun,
): AsyncGenerator<StepEvent, Minimized<DecoderParameters>> {
  const { key } = run;
  const { batchSize } = recipe;
  const scenesOf = scenesInTurn(key, recipe);
  const side = config.sampleSize;
  const shape = [batchSize, config.latentChannels, latents.side, latents.side];
  return yield* minimize(
    device,
    {
      variables: decoderOf(vaeParameters),
      batch: {
        picture: spec([batchSize, config.outputChannels, side, side]),
        mean: spec(shape),
        deviation: spec(shape),
        noise: spec(shape),
      },
      loss: (parameters, { picture, mean, deviation, noise }) => {
        const sampled = add(mean, multiply(deviation, noise));
        const decoded = vaeDecode(parameters, config, multiply(sampled, 1 / config.scalingFactor));
        return reconstructionLoss(decoded, picture, recipe);
      },
      ...updateSettings(recipe),
    },
    {
      batch: prefetching(async (step) => {
        const scenes = scenesOf(step);
        return {
          picture: await pictures.read(scenes),
          ...latents.read(scenes),
          noise: noiseOfSamples(fold(fold(key, 'noise'), step), shape, recipe.meanShare),
        };
      }),
      ...runSettings(recipe, run),
    },
  );
}

/** Standard normal, but 0 for the share of a batch that is decoded from means. */
function noiseOfSamples(key: RandomKey, shape: Shape, meanShare: number): NdArray<'float32'> {
  const noise = normal(key, shape);
  const rows = shape[0]!;
  const size = noise.data.length / rows;
  uniform(fold(key, 'means'), [rows], 0, 1).data.forEach((chance, row) => {
    if (chance < meanShare) noise.data.fill(0, row * size, (row + 1) * size);
  });
  return noise;
}

/** The half of an autoencoder's parameters that decodes. */
export function decoderOf(vaeParameters: Tree<NdArray>): DecoderParameters {
  const { decoder, post_quant_conv } = vaeParameters as unknown as DecoderParameters;
  return { decoder, post_quant_conv };
}
