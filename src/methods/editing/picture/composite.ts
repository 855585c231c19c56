import { formatShape, sameShape } from '../../../engine/arrays/index.ts';
import { type Latents, requireFinite } from '../../diffusion/index.ts';
import { type Plane, resizePlane } from '../mask/resize-plane.ts';
import { type Raster, whiteOf } from './raster.ts';
import type { SquareCrop } from './square-crop.ts';

export interface Edited {
  /** What the model made of the crop: float32 [1, 3, height, width], about −1 to 1, of the model's size. */
  readonly image: Latents;
  readonly crop: SquareCrop;
  /** [side, side] of the crop, 0 to 1: how much of the edit is taken. */
  readonly mask: Plane;
}

/**
 * The picture with its crop edited: pixel + M · (edit − pixel), rounded. Where M is 0, outside the crop, and in alpha
 * every bit is the input's; nothing is read back from the model there.
 * @returns a picture with new pixels; all other properties are the input's
 * @throws a sentence if the mask is not the crop's, or the image is not finite
 */
export function composite<R extends Raster>(picture: R, { image, crop, mask }: Edited): R {
  const { top, left, side } = crop;
  if (!sameShape(mask.shape, [side, side])) {
    throw new Error(
      `composite: the mask is as large as the crop, ${side} x ${side}, got ${formatShape(mask.shape)}`,
    );
  }
  requireFinite(image, 'composite: the edited image holds');
  const white = whiteOf(picture.pixels);
  const pixels = picture.pixels.slice();
  const [firstRow, firstColumn] = [Math.max(0, -top), Math.max(0, -left)];
  const endRow = Math.min(side, picture.height - top);
  const endColumn = Math.min(side, picture.width - left);
  for (const channel of [0, 1, 2]) {
    const edit = resizePlane(channelOf(image, channel), [side, side], 'cubic').data;
    for (let row = firstRow; row < endRow; row++) {
      for (let column = firstColumn; column < endColumn; column++) {
        const place = row * side + column;
        const share = mask.data[place]!;
        if (share === 0) continue;
        const index = 3 * ((top + row) * picture.width + left + column) + channel;
        const edited = Math.min(Math.max(((edit[place]! + 1) / 2) * white, 0), white);
        pixels[index] = Math.round(pixels[index]! + share * (edited - pixels[index]!));
      }
    }
  }
  return { ...picture, pixels };
}

/** One channel of the first latents, [height, width]. */
export const channelOf = ({ shape, data }: Latents, channel: number): Plane => {
  const [height, width] = shape.slice(2) as [number, number];
  const plane = height * width;
  return {
    dtype: 'float32',
    shape: [height, width],
    data: data.subarray(channel * plane, (channel + 1) * plane),
  };
};
