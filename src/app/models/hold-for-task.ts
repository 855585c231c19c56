import type { Device } from '../../engine/index.ts';
import type { LazyArrays, StableDiffusion } from '../../files/checkpoints/index.ts';
import { type HeldModel, holdModel } from '../../methods/diffusion/index.ts';
import type { ConceptModel } from './apply-concepts.ts';

/** Reads a model with its concepts onto a device; an abort ends it between two weights. */
export const holdForTask = (
  device: Device,
  { vae }: Pick<StableDiffusion, 'vae'>,
  { unet, textEncoder }: Pick<ConceptModel, 'unet' | 'textEncoder'>,
  signal: AbortSignal | undefined,
): Promise<HeldModel> => {
  const interruptible = <Part extends { readonly parameters: LazyArrays }>(part: Part): Part => ({
    ...part,
    parameters: new Map(
      Array.from(part.parameters, ([name, array]) => [
        name,
        {
          ...array,
          read: () => {
            signal?.throwIfAborted();
            return array.read();
          },
        },
      ]),
    ),
  });
  return holdModel(device, {
    unet: interruptible(unet),
    vae: interruptible(vae),
    textEncoder: interruptible(textEncoder),
  });
};
