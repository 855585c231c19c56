import {
  add,
  type Device,
  flatten,
  fold,
  type Minimized,
  mean,
  minimize,
  multiply,
  type NdArray,
  ndArray,
  normal,
  permutation,
  type RandomKey,
  type StepEvent,
  spec,
  subtract,
  type Tree,
  unflatten,
  uniform,
  zeros,
} from '../../engine/index.ts';
import { levelAt, type NoiseSchedule, type Timestep, timestep } from '../../methods/diffusion/index.ts';
import { clipText, encodePrompts } from '../../networks/clip/index.ts';
import { initializeUnet, type UnetConfig, unet } from '../../networks/unet/index.ts';
import { constants } from './constants.ts';
import type { LatentStore } from './latent-store.ts';
import type { PocketNetworks } from './pocket-networks.ts';
import { prefetching } from './prefetch.ts';
import { type FreshRun, runSettings, type StepRecipe, updateSettings } from './recipe.ts';
import { captionAt, scenesInTurn } from './training-scenes.ts';

export interface UnetRecipe extends StepRecipe {
  /** Share of captions left empty, for guidance. */
  readonly captionDropout: number;
  /**
   * γ: an error of the clean latents weighs min(SNR + 1, γ). Without the limit that is the plain loss of v (Salimans,
   * Ho 2022, arXiv 2202.00512); limited as by Hang et al. 2023 (arXiv 2303.09556).
   */
  readonly signalLimit: number;
  /**
   * κ: an error in the subject, the smallest and most difficult part of a picture, counts 1 + κᾱ times. Times ᾱ, so that
   * where noise hides everything the subject is not expected in more places than it is.
   */
  readonly subjectWeight: number;
}

/** What a training of a UNet is of, and on. */
export interface UnetSetting {
  readonly networks: Pick<PocketNetworks, 'textEncoder' | 'unet' | 'tokenizer'>;
  /** Parameters of the text tower. */
  readonly text: Tree<NdArray>;
  readonly recipe: UnetRecipe;
  /** Scaled. */
  readonly latents: LatentStore;
  readonly schedule: NoiseSchedule;
}

/**
 * Trains a UNet2DConditionModel to predict the velocity v of noised latents under captions (Rombach et al. 2022,
 * equation 3; Salimans, Ho 2022), the text tower frozen.
 * @throws if the schedule is that of a model which predicts something else
 */
export async function* trainUnet(
  device: Device,
  { networks, text, recipe, latents, schedule }: UnetSetting,
  run: FreshRun,
): AsyncGenerator<StepEvent, Minimized<Tree<NdArray>>> {
  if (schedule.predictionType !== 'v_prediction') {
    throw new Error(
      `trainUnet: it trains the prediction of v, and the scheduler says ${schedule.predictionType}; set its prediction_type to v_prediction`,
    );
  }
  const { textEncoder, unet: config, tokenizer } = networks;
  const { batchSize } = recipe;
  const { key } = run;
  const shape = [batchSize, config.inputChannels, latents.side, latents.side];
  const scenesOf = scenesInTurn(key, recipe);
  const perItem = spec([batchSize, 1, 1, 1]);
  return yield* minimize(
    device,
    {
      variables: run.start ?? initialParameters(fold(key, 'unet'), config),
      batch: {
        mean: spec(shape),
        deviation: spec(shape),
        sampling: spec(shape),
        noise: spec(shape),
        alpha: perItem,
        sigma: perItem,
        weight: perItem,
        subject: spec([batchSize, 1, latents.side, latents.side]),
        timestep: spec([batchSize]),
        ids: spec([batchSize, tokenizer.length], 'int64'),
      },
      loss: (parameters, batch) => {
        const { lastHiddenState } = clipText(constants(text), textEncoder, batch.ids);
        const clean = add(batch.mean, multiply(batch.deviation, batch.sampling));
        const noisy = add(multiply(clean, batch.alpha), multiply(batch.noise, batch.sigma));
        const predicted = unet(parameters, config, {
          sample: noisy,
          timestep: batch.timestep,
          encoderHiddenStates: lastHiddenState,
        });
        const velocity = subtract(multiply(batch.noise, batch.alpha), multiply(clean, batch.sigma));
        const error = subtract(predicted, velocity);
        const emphasis = multiply(multiply(batch.alpha, batch.alpha), recipe.subjectWeight);
        const weight = multiply(batch.weight, add(multiply(batch.subject, emphasis), 1));
        return mean(multiply(multiply(error, error), weight));
      },
      ...updateSettings(recipe),
    },
    {
      batch: prefetching(async (step) => {
        const stepKey = fold(fold(key, 'step'), step);
        const scenes = scenesOf(step);
        const empty = uniform(fold(stepKey, 'dropout'), [batchSize]).data;
        const captions = scenes.map((scene, item) =>
          empty[item]! < recipe.captionDropout ? '' : captionAt('training', scene, step),
        );
        const times = spreadTimes(fold(stepKey, 'times'), batchSize, schedule);
        const levels = times.map((time) => levelAt(schedule, time));
        return {
          ...latents.read(scenes),
          subject: latents.readSubjects(scenes),
          sampling: normal(fold(stepKey, 'sampling'), shape),
          noise: normal(fold(stepKey, 'noise'), shape),
          alpha: column(levels.map(({ alpha }) => alpha)),
          sigma: column(levels.map(({ sigma }) => sigma)),
          weight: column(levels.map(({ sigma }) => Math.min(1, recipe.signalLimit * sigma ** 2))), // 1 / σ² = SNR + 1
          timestep: ndArray('float32', [batchSize], Float32Array.from(times)),
          ids: encodePrompts(tokenizer, captions),
        };
      }),
      ...runSettings(recipe, run),
    },
  );
}

/** A time from each of as many equal parts of the schedule, in no order: the mean over a batch varies less. */
function spreadTimes(key: RandomKey, count: number, { alphasCumprod }: NoiseSchedule): Timestep[] {
  const within = uniform(key, [count]).data;
  const parts = permutation(fold(key, 'order'), count);
  return parts.map((part, item) =>
    timestep(Math.floor(((part + within[item]!) / count) * alphasCumprod.length)),
  );
}

/** The last layer of every residual begins at zero, as in the original training of latent diffusion. */
const initialParameters = (key: RandomKey, config: UnetConfig): Tree<NdArray> =>
  unflatten(
    flatten<NdArray>(initializeUnet(key, config)).map(([path, value]) => [
      path,
      lastOfResidual.test(path) ? zeros(value.shape) : value,
    ]),
  );

const lastOfResidual = /(^conv_out|resnets\.\d+\.conv2|attentions\.\d+\.proj_out)\.(weight|bias)$/;

const column = (values: readonly number[]): NdArray =>
  ndArray('float32', [values.length, 1, 1, 1], Float32Array.from(values));
