import { pixelsPerCell } from '../../../networks/vae/index.ts';
import type { HeldModel, PromptedModel } from '../../diffusion/index.ts';

/** φ and θ; one object for both, or two that share networks, if the concept changed only some of them. */
export interface EditModels {
  /** Looks at the source: its mask, and its branch unless plain DDS is asked for. Its autoencoder is used. */
  readonly pretrained: PromptedModel;
  /** Knows the concept's placeholder. */
  readonly personalized: PromptedModel;
}

/**
 * The side of the square that a model edits, in pixels: as given, or what it was trained with.
 * @throws a sentence if the model does not tell its size and none is given, or it is not made of whole latent cells
 */
export function modelSide({ unet, vae }: HeldModel, given: number | undefined): number {
  const cell = pixelsPerCell(vae.config);
  const side = given ?? (unet.config.sampleSize === undefined ? undefined : unet.config.sampleSize * cell);
  if (side === undefined) {
    throw new Error('editImage: the model does not say which size it was trained with; give one');
  }
  if (Number.isSafeInteger(side) && side >= cell && side % cell === 0) return side;
  throw new Error(`editImage: the size is a multiple of ${cell} pixels, got ${side}`);
}
