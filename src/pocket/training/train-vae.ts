import {
  add,
  type Device,
  fold,
  gaussianDivergence,
  integers,
  type Minimized,
  minimize,
  multiply,
  type NdArray,
  ndArray,
  normal,
  type RandomKey,
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
import { type PretrainingRun, runSettings, type StepRecipe, updateSettings } from './recipe.ts';
import { type ReconstructionRecipe, reconstructionLoss } from './reconstruction-loss.ts';
import { type PictureStore, scenesOfStep } from './training-scenes.ts';

/** How the autoencoder is trained. */
export interface VaeRecipe extends StepRecipe, ReconstructionRecipe {
  /** Weight of the mean Kullback-Leibler divergence of a latent value from the standard normal distribution. */
  readonly divergenceWeight: number;
  /** Side of the squares cut from the pictures, in pixels: many small ones teach more than few large ones. */
  readonly cropSize: number;
}

/**
 * Trains an AutoencoderKL (Kingma, Welling 2013; Rombach et al. 2022, section 3.1) from scratch on drawn scenes: the
 * reconstruction of a sample of the latents, and a small divergence.
 */
export async function* trainVae(
  device: Device,
  config: VaeConfig,
  recipe: VaeRecipe,
  pictures: PictureStore,
  run: PretrainingRun,
): AsyncGenerator<StepEvent, Minimized<Tree<NdArray>>> {
  const { key } = run;
  const { batchSize } = recipe;
  const side = recipe.cropSize;
  const cells = side / pixelsPerCell(config);
  const latents = [batchSize, config.latentChannels, cells, cells];
  return yield* minimize(
    device,
    {
      variables: run.start ?? initializeVae(fold(key, 'vae'), config),
      batch: { picture: spec([batchSize, config.inputChannels, side, side]), noise: spec(latents) },
      loss: (parameters, { picture, noise }) => {
        const distribution = vaeEncode(parameters, config, picture);
        const decoded = vaeDecode(parameters, config, sampleLatents(distribution, noise));
        const divergence = gaussianDivergence(distribution.mean, distribution.logVariance);
        return add(
          reconstructionLoss(decoded, picture, recipe),
          multiply(divergence, recipe.divergenceWeight),
        );
      },
      ...updateSettings(recipe, run),
    },
    {
      batch: prefetching(async (step) => {
        const scenes = scenesOfStep(key, { ...recipe, step });
        const whole = await pictures.read(scenes);
        const subjects = await pictures.readMasks(scenes, config.sampleSize / SUBJECT_CELL);
        return {
          picture: cropped(whole, subjects, side, fold(fold(key, 'crops'), step)),
          noise: normal(fold(fold(key, 'noise'), step), latents),
        };
      }),
      ...runSettings(recipe, run),
    },
  );
}

/** Side of the cells in which the subject's share is known, in pixels. */
const SUBJECT_CELL = 8;

/** Squares drawn for each picture, of which the one with most of the subject is taken: details are there. */
const CANDIDATES = 3;

/**
 * A square of each picture.
 * @param pictures [batch, channels, size, size]
 * @param subjects the subject's share of each cell, [batch, cells]
 */
function cropped(
  pictures: NdArray<'float32'>,
  subjects: NdArray<'float32'>,
  side: number,
  key: RandomKey,
): NdArray<'float32'> {
  const [batch, channels, size] = pictures.shape as [number, number, number, number];
  const starts = integers(key, [batch, CANDIDATES, 2], 0, size - side + 1).data;
  const data = new Float32Array(batch * channels * side * side);
  for (let item = 0; item < batch; item++) {
    const candidates = Array.from({ length: CANDIDATES }, (_, candidate) => {
      const at = 2 * (item * CANDIDATES + candidate);
      return { top: starts[at]!, left: starts[at + 1]! };
    });
    const shares = candidates.map((square) => subjectWithin(subjects, item, square, side));
    const { top, left } = candidates[shares.indexOf(Math.max(...shares))]!;
    for (let plane = item * channels; plane < (item + 1) * channels; plane++) {
      for (let row = 0; row < side; row++) {
        const start = (plane * size + top + row) * size + left;
        data.set(pictures.data.subarray(start, start + side), (plane * side + row) * side);
      }
    }
  }
  return ndArray('float32', [batch, channels, side, side], data);
}

/** Cells of the subject whose middle lies in the square. */
function subjectWithin(
  subjects: NdArray<'float32'>,
  item: number,
  { top, left }: { readonly top: number; readonly left: number },
  side: number,
): number {
  const cells = subjects.shape[1]!;
  const columns = Math.sqrt(cells);
  const inside = (cell: number, start: number) => {
    const middle = (cell + 0.5) * SUBJECT_CELL;
    return middle >= start && middle < start + side;
  };
  let total = 0;
  for (let cell = 0; cell < cells; cell++) {
    if (inside(Math.floor(cell / columns), top) && inside(cell % columns, left)) {
      total += subjects.data[item * cells + cell]!;
    }
  }
  return total;
}
