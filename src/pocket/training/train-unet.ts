import {
  add,
  type Device,
  fold,
  integers,
  type Minimized,
  mean,
  minimize,
  multiply,
  type NdArray,
  ndArray,
  normal,
  type StepEvent,
  spec,
  subtract,
  type Tree,
  uniform,
} from '../../engine/index.ts';
import { levelAt, noiseSchedule, timestep } from '../../methods/diffusion/index.ts';
import { clipText, encodePrompts } from '../../networks/clip/index.ts';
import { initializeUnet, unet } from '../../networks/unet/index.ts';
import { constants } from './constants.ts';
import type { LatentStore } from './latent-store.ts';
import type { PocketNetworks } from './pocket-networks.ts';
import { prefetching } from './prefetch.ts';
import { type PretrainingRun, runSettings, type StepRecipe, updateSettings } from './recipe.ts';
import { captionAt, scenesOfStep } from './training-scenes.ts';

export interface UnetRecipe extends StepRecipe {
  /** Share of captions left empty, for guidance. */
  readonly captionDropout: number;
  /** γ of the loss weights min(SNR, γ) / SNR (Hang et al. 2023, arXiv 2303.09556). */
  readonly signalLimit: number;
}

/**
 * Trains a UNet2DConditionModel to predict noise in latents under captions (Ho et al. 2020; Rombach et al. 2022,
 * equation 3), the text tower frozen.
 */
export async function* trainUnet(
  device: Device,
  networks: Pick<PocketNetworks, 'textEncoder' | 'unet' | 'tokenizer'>,
  textParameters: Tree<NdArray>,
  recipe: UnetRecipe,
  latents: LatentStore,
  run: PretrainingRun,
): AsyncGenerator<StepEvent, Minimized<Tree<NdArray>>> {
  const { textEncoder, unet: config, tokenizer } = networks;
  const { batchSize } = recipe;
  const { key } = run;
  const schedule = noiseSchedule();
  const shape = [batchSize, config.inputChannels, latents.side, latents.side];
  const perItem = spec([batchSize, 1, 1, 1]);
  return yield* minimize(
    device,
    {
      variables: initializeUnet(fold(key, 'unet'), config),
      batch: {
        ...{ mean: spec(shape), deviation: spec(shape), sampling: spec(shape), noise: spec(shape) },
        ...{ alpha: perItem, sigma: perItem, weight: perItem },
        timestep: spec([batchSize]),
        ids: spec([batchSize, tokenizer.length], 'int64'),
      },
      loss: (parameters, batch) => {
        const { lastHiddenState } = clipText(constants(textParameters), textEncoder, batch.ids);
        const clean = add(batch.mean, multiply(batch.deviation, batch.sampling));
        const noisy = add(multiply(clean, batch.alpha), multiply(batch.noise, batch.sigma));
        const predicted = unet(parameters, config, {
          sample: noisy,
          timestep: batch.timestep,
          encoderHiddenStates: lastHiddenState,
        });
        const error = subtract(predicted, batch.noise);
        return mean(multiply(multiply(error, error), batch.weight));
      },
      ...updateSettings(recipe, run),
    },
    {
      batch: prefetching(async (step) => {
        const stepKey = fold(fold(key, 'step'), step);
        const scenes = scenesOfStep(key, { ...recipe, step });
        const empty = uniform(fold(stepKey, 'dropout'), [batchSize]).data;
        const captions = scenes.map((scene, item) =>
          empty[item]! < recipe.captionDropout ? '' : captionAt('training', scene, step),
        );
        const times = integers(fold(stepKey, 'times'), [batchSize], 0, schedule.alphasCumprod.length).data;
        const levels = [...times].map((time) => levelAt(schedule, timestep(time)));
        const snrs = levels.map(({ alpha, sigma }) => (alpha / sigma) ** 2);
        return {
          ...(await latents.read(scenes)),
          sampling: normal(fold(stepKey, 'sampling'), shape),
          noise: normal(fold(stepKey, 'noise'), shape),
          alpha: column(levels.map(({ alpha }) => alpha)),
          sigma: column(levels.map(({ sigma }) => sigma)),
          weight: column(snrs.map((snr) => Math.min(snr, recipe.signalLimit) / snr)),
          timestep: ndArray('float32', [batchSize], Float32Array.from(times)),
          ids: encodePrompts(tokenizer, captions),
        };
      }),
      ...runSettings(recipe, run),
    },
  );
}

const column = (values: readonly number[]): NdArray =>
  ndArray('float32', [values.length, 1, 1, 1], Float32Array.from(values));
