import {
  add,
  type Device,
  fold,
  gaussianDivergence,
  type Minimized,
  meanAbsoluteError,
  minimize,
  multiply,
  type NdArray,
  normal,
  type StepEvent,
  spec,
  type Tree,
} from '../../engine/index.ts';
import {
  initializeVae,
  pixelsPerCell,
  sampleLatents,
  type VaeConfig,
  vaeDecode,
  vaeEncode,
} from '../../networks/vae/index.ts';
import { cellsOfSubject, cropToSubjects } from './crop-to-subjects.ts';
import { prefetching } from './prefetch.ts';
import { type FreshRun, runSettings, type StepRecipe, updateSettings } from './recipe.ts';
import { meansOfSquares, type ReconstructionWeights, reconstructionLoss } from './reconstruction-loss.ts';
import { type PictureStore, scenesInTurn } from './training-scenes.ts';

/** How the autoencoder is trained. */
export interface VaeRecipe extends StepRecipe, ReconstructionWeights {
  /**
   * Weight of the mean Kullback-Leibler divergence of a latent value from the standard normal distribution. It decides
   * how much noise latents stand, and those of a UNet are never free of noise.
   */
  readonly divergenceWeight: number;
  /**
   * Weight of the absolute error of the picture at half its size, decoded from latents at half theirs (scale
   * equivariance, Skorokhodov et al. 2025, arXiv 2502.14831). Without it neighbouring latents have little to do with
   * each other, and a UNet learns them slowly.
   */
  readonly halfSizeWeight: number;
  /** Side of the squares cut from the pictures, in pixels: many small ones teach more than few large ones. */
  readonly cropSize: number;
}

/** What a training of an autoencoder is of, and on. */
export interface VaeSetting {
  readonly config: VaeConfig;
  readonly recipe: VaeRecipe;
  readonly pictures: PictureStore;
}

/**
 * Trains an AutoencoderKL (Kingma, Welling 2013; Rombach et al. 2022, section 3.1) on drawn scenes: the reconstruction
 * of a sample of the latents, and a small divergence.
 */
export async function* trainVae(
  device: Device,
  { config, recipe, pictures }: VaeSetting,
  run: FreshRun,
): AsyncGenerator<StepEvent, Minimized<Tree<NdArray>>> {
  const { key } = run;
  const { batchSize } = recipe;
  const side = recipe.cropSize;
  const cells = side / pixelsPerCell(config);
  const scenesOf = scenesInTurn(key, recipe);
  const latents = [batchSize, config.latentChannels, cells, cells];
  return yield* minimize(
    device,
    {
      variables: run.start ?? initializeVae(fold(key, 'vae'), config),
      batch: { picture: spec([batchSize, config.inputChannels, side, side]), noise: spec(latents) },
      loss: (parameters, { picture, noise }) => {
        const distribution = vaeEncode(parameters, config, picture);
        const sample = sampleLatents(distribution, noise);
        const decoded = vaeDecode(parameters, config, sample);
        const halfSize = vaeDecode(parameters, config, meansOfSquares(sample, 2));
        const divergence = gaussianDivergence(distribution.mean, distribution.logVariance);
        return [
          multiply(meanAbsoluteError(halfSize, meansOfSquares(picture, 2)), recipe.halfSizeWeight),
          multiply(divergence, recipe.divergenceWeight),
        ].reduce(add, reconstructionLoss(decoded, picture, recipe));
      },
      ...updateSettings(recipe),
    },
    {
      batch: prefetching(async (step) => {
        const scenes = scenesOf(step);
        const whole = await pictures.read(scenes);
        const subjects = await pictures.readMasks(scenes, cellsOfSubject(config.sampleSize));
        return {
          picture: cropToSubjects(whole, subjects, side, fold(fold(key, 'crops'), step)),
          noise: normal(fold(fold(key, 'noise'), step), latents),
        };
      }),
      ...runSettings(recipe, run),
    },
  );
}
