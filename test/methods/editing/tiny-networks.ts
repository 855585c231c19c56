import { type Device, fold, type NdArray, normal, randomKey, unflatten } from '../../../src/engine/index.ts';
import type { HeldNetwork } from '../../../src/methods/diffusion/index.ts';
import { initializeUnet, type UnetConfig } from '../../../src/networks/unet/index.ts';
import { tinyConfig } from '../../networks/unet/tiny-unet.ts';

/** A tiny UNet with random weights on a device; equal seeds give equal networks, held apart. */
export async function heldTinyUnet(
  device: Device,
  seed: number,
  config: UnetConfig = tinyConfig,
): Promise<HeldNetwork<UnetConfig>> {
  const parameters = await device.hold(initializeUnet(randomKey(seed), config));
  return { config, parameters, specs: unflatten(parameters.leaves()) };
}

/** A text as tiny UNets take it: [items, 5, 6]. */
export const tinyContext = (label: string, items: number): NdArray<'float32'> =>
  normal(fold(randomKey(3), label), [items, 5, 6]);
