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
import { prefetching } from './prefetch.ts';
import { goOn, type PretrainingRun, type StepRecipe, scheduleOf } from './recipe.ts';
import { structuralDissimilarity } from './structural-similarity-loss.ts';
import { type PictureStore, scenesOfStep } from './training-scenes.ts';

/** How the autoencoder is trained. */
export interface VaeRecipe extends StepRecipe {
  /** Weight of 1 − SSIM beside the mean absolute error of pictures from −1 to 1. */
  readonly structureWeight: number;
  /** Weight of the mean Kullback-Leibler divergence of a latent value from the standard normal distribution. */
  readonly divergenceWeight: number;
}

/**
 * Trains an AutoencoderKL (Kingma, Welling 2013; Rombach et al. 2022, section 3.1) from scratch on drawn scenes:
 * absolute error, structural similarity in the place of the perceptual and adversarial terms, and a small divergence.
 */
export async function* trainVae(
  device: Device,
  config: VaeConfig,
  recipe: VaeRecipe,
  pictures: PictureStore,
  run: PretrainingRun,
): AsyncGenerator<StepEvent, Minimized<Tree<NdArray>>> {
  const { key } = run;
  const { steps, batchSize } = recipe;
  const side = config.sampleSize;
  const cells = side / pixelsPerCell(config);
  const latents = [batchSize, config.latentChannels, cells, cells];
  return yield* minimize(
    device,
    {
      variables: initializeVae(fold(key, 'vae'), config),
      batch: { picture: spec([batchSize, config.inputChannels, side, side]), noise: spec(latents) },
      loss: (parameters, { picture, noise }) => {
        const distribution = vaeEncode(parameters, config, picture);
        const decoded = vaeDecode(parameters, config, sampleLatents(distribution, noise));
        const divergence = gaussianDivergence(distribution.mean, distribution.logVariance);
        return add(
          add(
            meanAbsoluteError(decoded, picture),
            multiply(structuralDissimilarity(decoded, picture), recipe.structureWeight),
          ),
          multiply(divergence, recipe.divergenceWeight),
        );
      },
      learningRate: scheduleOf(recipe),
      clipNorm: recipe.clipNorm,
      averageDecay: recipe.averageDecay,
      ...(run.threads && { threads: run.threads }),
    },
    {
      steps,
      batch: prefetching(async (step) => ({
        picture: await pictures.read(scenesOfStep(fold(key, 'scenes'), { ...recipe, step })),
        noise: normal(fold(fold(key, 'noise'), step), latents),
      })),
      ...goOn(run),
    },
  );
}
