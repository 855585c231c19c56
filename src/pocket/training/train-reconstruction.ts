import {
  add,
  type Device,
  exp,
  fold,
  type Minimized,
  meanSquaredError,
  minimize,
  multiply,
  type NdArray,
  normal,
  type RandomKey,
  type Shape,
  type StepEvent,
  spec,
  type Tensor,
  type Tree,
  uniform,
} from '../../engine/index.ts';
import { type LatentDistribution, type VaeConfig, vaeDecode, vaeEncode } from '../../networks/vae/index.ts';
import type { LatentStore } from './latent-store.ts';
import { prefetching } from './prefetch.ts';
import { type PretrainingRun, runSettings, type StepRecipe, updateSettings } from './recipe.ts';
import { type ReconstructionWeights, reconstructionLoss } from './reconstruction-loss.ts';
import { type PictureStore, scenesInTurn } from './training-scenes.ts';

/** How the autoencoder's reconstructions are tuned. */
export interface ReconstructionRecipe extends StepRecipe, ReconstructionWeights {
  /**
   * Share of pictures that are decoded from the means of their latents, as photos are; the others are from samples, as
   * noisy as what a UNet draws.
   */
  readonly meanShare: number;
  /** Weight of the squared distance of latents from where they were. */
  readonly latentsWeight: number;
}

/** What a tuning of reconstructions is of, and on. */
export interface ReconstructionSetting {
  readonly config: VaeConfig;
  /** Those to begin with. */
  readonly parameters: Tree<NdArray>;
  readonly recipe: ReconstructionRecipe;
  readonly pictures: PictureStore;
  /** What the encoder makes of the pictures before it is tuned, unscaled. */
  readonly latents: LatentStore;
}

/**
 * Goes on training an autoencoder on whole pictures, for closer reconstructions (as Stability AI's sd-vae-ft-mse tunes a
 * decoder). Free, its latents would lose what makes them easy for a UNet, so that they are held near where they were;
 * samples are as noisy as they were then.
 */
export async function* trainReconstruction(
  device: Device,
  { config, parameters: variables, recipe, pictures, latents }: ReconstructionSetting,
  run: PretrainingRun,
): AsyncGenerator<StepEvent, Minimized<Tree<NdArray>>> {
  const { key } = run;
  const { batchSize } = recipe;
  const scenesOf = scenesInTurn(key, recipe);
  const side = config.sampleSize;
  const shape = [batchSize, config.latentChannels, latents.side, latents.side];
  return yield* minimize(
    device,
    {
      variables,
      batch: {
        picture: spec([batchSize, config.inputChannels, side, side]),
        mean: spec(shape),
        deviation: spec(shape),
        noise: spec(shape),
      },
      loss: (parameters, { picture, mean, deviation, noise }) => {
        const distribution = vaeEncode(parameters, config, picture);
        const sample = add(distribution.mean, multiply(deviation, noise));
        const decoded = vaeDecode(parameters, config, sample);
        const moved = squaredDistance(distribution, { mean, deviation });
        return add(reconstructionLoss(decoded, picture, recipe), multiply(moved, recipe.latentsWeight));
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

/** Mean squared 2-Wasserstein distance of normal distributions (Olkin, Pukelsheim 1982). */
const squaredDistance = (
  { mean, logVariance }: LatentDistribution,
  before: { readonly mean: Tensor; readonly deviation: Tensor },
): Tensor =>
  add(
    meanSquaredError(mean, before.mean),
    meanSquaredError(exp(multiply(logVariance, 0.5)), before.deviation),
  );

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
