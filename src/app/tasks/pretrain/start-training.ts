import type { Device, Minimized, NdArray, StepEvent, Tree } from '../../../engine/index.ts';
import { parseSchedulerConfig, readScheduler } from '../../../methods/diffusion/index.ts';
import {
  type EncodingEvent,
  type FreshRun,
  latentStore,
  type PocketNetworks,
  type PocketRecipe,
  pictureStore,
  type Training,
  trainClip,
  trainReconstruction,
  trainUnet,
  trainVae,
  trainVision,
} from '../../../pocket/training/index.ts';
import { usualSampling } from '../../models/usual-sampling.ts';
import { encodedScenes, scalingFactorOf } from './encoded-scenes.ts';
import { firstClip, firstVae, type TrainingFolder } from './training-folder.ts';

/** What a training needs beside its run. */
export interface TrainingSetting {
  readonly device: Device;
  readonly recipe: PocketRecipe;
  readonly networks: PocketNetworks;
  readonly folder: TrainingFolder;
}

/** Scenes are encoded, then steps are made. */
export type TrainingEvents = AsyncGenerator<EncodingEvent | StepEvent, Minimized<Tree<NdArray>>>;

/** Begins each training, or goes on with it. @throws TaskError if one that it builds on has not begun */
export const startTraining: {
  readonly [T in Training]: (setting: TrainingSetting, run: FreshRun) => TrainingEvents;
} = {
  vae: ({ device, recipe, networks }, run) =>
    trainVae(
      device,
      { config: networks.vae, recipe: recipe.vae, pictures: kept(networks.vae.sampleSize) },
      run,
    ),

  reconstruction: async function* (setting, run) {
    const { device, recipe, networks, folder } = setting;
    const encoded = yield* encodedScenes(setting, 'first encoder', recipe.reconstruction.sceneCount);
    return yield* trainReconstruction(
      device,
      {
        config: networks.vae,
        parameters: await firstVae(folder),
        recipe: recipe.reconstruction,
        pictures: kept(networks.vae.sampleSize),
        latents: latentStore(encoded, 1),
      },
      run,
    );
  },

  clip: ({ device, recipe, networks }, run) =>
    trainClip(
      device,
      { networks, recipe: recipe.clip, pictures: kept(networks.imageEncoder.imageSize) },
      run,
    ),

  unet: async function* (setting, run) {
    const { device, recipe, networks, folder } = setting;
    const { text } = await firstClip(folder);
    const encoded = yield* encodedScenes(setting, 'encoder', recipe.unet.sceneCount);
    const latents = latentStore(encoded, yield* scalingFactorOf(setting));
    const { schedule } = schedulerOf(recipe);
    return yield* trainUnet(device, { networks, text, recipe: recipe.unet, latents, schedule }, run);
  },

  vision: async function* ({ device, recipe, networks, folder }, run) {
    const parameters = await firstClip(folder);
    const pictures = kept(networks.imageEncoder.imageSize);
    return yield* trainVision(device, { networks, parameters, recipe: recipe.vision, pictures }, run);
  },
};

/** Of the model that a recipe makes: the noise that the UNet learns to take away, and how `generate` samples. */
export const schedulerOf = ({ configs }: PocketRecipe) =>
  readScheduler(parseSchedulerConfig(JSON.stringify(configs.scheduler)), usualSampling.pocket.sampler);

const kept = (size: number) => pictureStore('training', size, 'keep');
