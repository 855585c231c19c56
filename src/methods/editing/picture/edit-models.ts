import type { NdArray } from '../../../engine/arrays/index.ts';
import { encodePrompts, type Tokenizer } from '../../../networks/clip/index.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import { guidedContext, type HeldModel } from '../../diffusion/index.ts';

/** A model, and the tokenizer that its text encoder was trained with. */
export interface EditModel {
  readonly model: HeldModel;
  readonly tokenizer: Tokenizer;
}

/** φ and θ; one object for both, or two that share networks, if the concept changed only some of them. */
export interface EditModels {
  /** Looks at the source: its mask, and its branch unless plain DDS is asked for. Its autoencoder is used. */
  readonly pretrained: EditModel;
  /** Knows the concept's placeholder. */
  readonly personalized: EditModel;
}

/** What the UNet is conditioned on under prompts, [prompts, tokens, size]. */
export const contextOf = ({ model, tokenizer }: EditModel, prompts: readonly string[]): Promise<NdArray> =>
  guidedContext(model, encodePrompts(tokenizer, prompts), 1);

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
