import type { Device } from '../../engine/index.ts';
import type { ClipModel } from '../../files/checkpoints/index.ts';
import { holdNetwork } from '../diffusion/held-model.ts';
import type { HeldClip } from './instruments.ts';

/** Reads an opened CLIP model onto a device. Its files may be closed after that. */
export async function holdClip(
  device: Device,
  { vision, processor, text }: Pick<ClipModel, 'vision' | 'processor' | 'text'>,
): Promise<HeldClip> {
  const heldVision = await holdNetwork(device, vision);
  if (text === undefined) return { vision: heldVision, processor };
  const network = await holdNetwork(device, text);
  return { vision: heldVision, processor, text: { network, tokenizer: text.tokenizer } };
}

/** Frees the device's memory. */
export async function releaseClip({ vision, text }: HeldClip): Promise<void> {
  await vision.parameters.dispose();
  await text?.network.parameters.dispose();
}
