import {
  type Device,
  flatten,
  fold,
  type NdArray,
  randomKey,
  type Tree,
  unflatten,
  zeros,
} from '../../../src/engine/index.ts';
import {
  holdParameters,
  type PromptedModel,
  parseSchedulerConfig,
  readScheduler,
} from '../../../src/methods/diffusion/index.ts';
import type { HeldClip } from '../../../src/methods/evaluation/index.ts';
import { initializeClipText, initializeClipVision } from '../../../src/networks/clip/index.ts';
import { initializeUnet } from '../../../src/networks/unet/index.ts';
import { initializeVae } from '../../../src/networks/vae/index.ts';
import { pocketNetworks, trialRecipe } from '../../../src/pocket/training/index.ts';

const networks = pocketNetworks(trialRecipe.configs);
const key = randomKey(9);

export const scheduler = readScheduler(parseSchedulerConfig(JSON.stringify(trialRecipe.configs.scheduler)));

/** Untrained networks; parameters whose path ends so are 0. */
export async function riggedModel(device: Device, zero: RegExp): Promise<PromptedModel> {
  const vae = initializeVae(fold(key, 'vae'), networks.vae);
  const text = initializeClipText(fold(key, 'text'), networks.textEncoder);
  const unet = initializeUnet(fold(key, 'unet'), networks.unet);
  return {
    model: {
      device,
      vae: await holdParameters(device, networks.vae, vae),
      textEncoder: await holdParameters(device, networks.textEncoder, text),
      unet: await holdParameters(device, networks.unet, rigged(unet, zero)),
    },
    tokenizer: networks.tokenizer,
  };
}

export async function riggedClip(device: Device, zero: RegExp): Promise<HeldClip> {
  const vision = initializeClipVision(fold(key, 'vision'), networks.imageEncoder);
  const text = initializeClipText(fold(key, 'clip text'), networks.textEncoder, 'projection');
  return {
    vision: await holdParameters(device, networks.imageEncoder, rigged(vision, zero)),
    processor: networks.imageProcessor,
    text: {
      network: await holdParameters(device, networks.textEncoder, text),
      tokenizer: networks.tokenizer,
    },
  };
}

const rigged = (parameters: Tree<NdArray>, zero: RegExp): Tree<NdArray> =>
  unflatten(
    flatten<NdArray>(parameters).map(
      ([path, array]) => [path, zero.test(path) ? zeros(array.shape) : array] as const,
    ),
  );
