import { type Device, Owner } from '../../engine/index.ts';
import type { ClipModel } from '../../files/checkpoints/index.ts';
import { holdNetwork, releaseNetwork } from '../diffusion/held-model.ts';
import type { HeldClip } from './instruments.ts';

/** Reads an opened CLIP model onto a device. Its files may be closed after that. */
export async function holdClip(
  device: Device,
  { vision, processor, text }: Pick<ClipModel, 'vision' | 'processor' | 'text'>,
): Promise<HeldClip> {
  await using owner = new Owner();
  const heldVision = owner.adopt(await holdNetwork(device, vision), releaseNetwork);
  const network = text && (await holdNetwork(device, text));
  owner.move();
  return {
    vision: heldVision,
    processor,
    ...(network && { text: { network, tokenizer: text.tokenizer } }),
  };
}

/** Frees the device's memory. */
export async function releaseClip({ vision, text }: HeldClip): Promise<void> {
  await vision.parameters.dispose();
  await text?.network.parameters.dispose();
}
