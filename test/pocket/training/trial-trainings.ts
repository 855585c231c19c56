import {
  type Device,
  fold,
  type Minimized,
  type NdArray,
  randomKey,
  resultOf,
  type StepEvent,
  type Tree,
  zeros,
} from '../../../src/engine/index.ts';
import { noiseSchedule, stableDiffusionSchedule } from '../../../src/methods/diffusion/index.ts';
import { initializeClipText, initializeClipVision } from '../../../src/networks/clip/index.ts';
import { initializeVae } from '../../../src/networks/vae/index.ts';
import {
  encodeScenes,
  initialLogitScale,
  type LatentStore,
  latentStore,
  measureScalingFactor,
  type PretrainingRun,
  pictureStore,
  pocketNetworks,
  type StepRecipe,
  type Training,
  trainClip,
  trainReconstruction,
  trainUnet,
  trainVae,
  trainVision,
  trialRecipe,
} from '../../../src/pocket/training/index.ts';

const key = randomKey(5);

export const trialNetworks = pocketNetworks(trialRecipe.configs);

/** Untrained parameters, as the later trainings start from. */
export const untrained = {
  vae: initializeVae(fold(key, 'vae'), trialNetworks.vae),
  clip: {
    text: initializeClipText(fold(key, 'text'), trialNetworks.textEncoder, 'projection'),
    vision: initializeClipVision(fold(key, 'vision'), trialNetworks.imageEncoder),
    logit_scale: initialLogitScale,
  },
};

const side = trialNetworks.vae.sampleSize;
const pictures = pictureStore('training', side, 'keep');
const encoded = (device: Device) => encodeTrialScenes(device, 16, 4);

/** The untrained encoder's latents of the first training scenes. */
export async function encodeTrialScenes(device: Device, count: number, batchSize: number) {
  return resultOf(encodeScenes(device, trialNetworks.vae, untrained.vae, pictures, { count, batchSize }));
}

/** Of an untrained encoder's latents the means alone can be told from noise. */
async function clearLatents(device: Device): Promise<LatentStore> {
  const { mean, subject } = await encoded(device);
  const clear = { mean, subject, deviation: zeros(mean.shape) };
  return latentStore(clear, measureScalingFactor(clear, 16));
}

type Events = AsyncGenerator<StepEvent, Minimized<Tree<NdArray>>>;

/** Each training of the trial recipe, with some settings changed. */
export const trialTrainings: {
  readonly [T in Training]: (
    device: Device,
    changes: Partial<StepRecipe>,
    run?: Partial<PretrainingRun>,
  ) => Promise<Events>;
} = {
  vae: async (device, changes, run) =>
    trainVae(
      device,
      { config: trialNetworks.vae, recipe: { ...trialRecipe.vae, ...changes }, pictures },
      { key, ...run },
    ),
  clip: async (device, changes, run) =>
    trainClip(
      device,
      { networks: trialNetworks, recipe: { ...trialRecipe.clip, ...changes }, pictures },
      { key, ...run },
    ),
  unet: async (device, changes, run) =>
    trainUnet(
      device,
      {
        networks: trialNetworks,
        text: untrained.clip.text,
        recipe: { ...trialRecipe.unet, ...changes },
        latents: await clearLatents(device),
        schedule: noiseSchedule({ ...stableDiffusionSchedule, predictionType: 'v_prediction' }),
      },
      { key, ...run },
    ),
  reconstruction: async (device, changes, run) =>
    trainReconstruction(
      device,
      {
        config: trialNetworks.vae,
        parameters: untrained.vae,
        recipe: { ...trialRecipe.reconstruction, ...changes },
        pictures,
        latents: latentStore(await encoded(device), 1),
      },
      { key, ...run },
    ),
  vision: async (device, changes, run) =>
    trainVision(
      device,
      {
        networks: trialNetworks,
        parameters: untrained.clip,
        recipe: { ...trialRecipe.vision, ...changes },
        pictures,
      },
      { key, ...run },
    ),
};
