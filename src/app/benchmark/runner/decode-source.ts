import type { Picture } from '../../../files/images/index.ts';
import { decodeLatents, encodeImage } from '../../../methods/diffusion/index.ts';
import { composite, modelInput } from '../../../methods/editing/index.ts';
import { windowOf } from '../../../methods/editing/picture/crop-pixels.ts';
import { maskOfEverything } from '../../../methods/editing/picture/edit-mask.ts';
import { wholeCrop } from '../../../methods/editing/picture/square-crop.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import type { Workbench } from './workbench.ts';

/**
 * A picture encoded and decoded, as an edit without a mask would be that changes nothing: what such edits lose by the
 * autoencoder alone, and edits with a mask do not outside of it.
 */
export async function decodeSource({ base, side }: Workbench, picture: Picture): Promise<Picture> {
  const crop = wholeCrop(picture);
  const latents = await encodeImage(base.model, modelInput(picture, windowOf(crop), [side, side]));
  const image = await decodeLatents(base.model, latents);
  const mask = maskOfEverything(picture, crop, side / pixelsPerCell(base.model.vae.config));
  return composite(picture, { image, crop, mask });
}
