import type { Picture } from '../../../files/images/index.ts';
import { decodeLatents, encodeImage } from '../../../methods/diffusion/index.ts';
import { composite, modelInput } from '../../../methods/editing/index.ts';
import { windowOf } from '../../../methods/editing/picture/crop-pixels.ts';
import { maskOfEverything } from '../../../methods/editing/picture/edit-mask.ts';
import { wholeCrop } from '../../../methods/editing/picture/square-crop.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import type { Workbench } from './workbench.ts';

/** What the autoencoder alone makes of a source, as `decodeSource` does. */
export type SourceDecoder = (path: string, picture: Picture, signal?: AbortSignal) => Promise<Picture>;

/** Keeps the picture that was decoded last: edits of a source follow each other. */
export function sourceDecoder(bench: Workbench): SourceDecoder {
  let kept: { readonly path: string; readonly decoded: Picture } | undefined;
  return async (path, picture, signal) => {
    if (kept?.path !== path) kept = { path, decoded: await decodeSource(bench, picture, signal) };
    return kept.decoded;
  };
}

/**
 * A picture encoded and decoded, as an edit without a mask would be that changes nothing: what such edits lose by the
 * autoencoder alone, and edits with a mask do not outside of it.
 */
async function decodeSource(
  { base, side }: Workbench,
  picture: Picture,
  signal: AbortSignal | undefined,
): Promise<Picture> {
  const crop = wholeCrop(picture);
  const latents = await encodeImage(base.model, modelInput(picture, windowOf(crop), [side, side]), signal);
  const image = await decodeLatents(base.model, latents, { signal });
  const mask = maskOfEverything(picture, crop, side / pixelsPerCell(base.model.vae.config));
  return composite(picture, { image, crop, mask });
}
