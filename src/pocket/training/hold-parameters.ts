import { type Device, type NdArray, type Tree, unflatten } from '../../engine/index.ts';
import type { HeldNetwork } from '../../methods/diffusion/index.ts';

/** A network on a device, of parameters in memory. */
export async function holdParameters<Config>(
  device: Device,
  config: Config,
  parameters: Tree<NdArray>,
): Promise<HeldNetwork<Config>> {
  const held = await device.hold(parameters);
  return { config, parameters: held, specs: unflatten(held.leaves()) };
}
