import { integers, ndArray, randomKey } from '../../../src/engine/index.ts';
import { makePicture, type Picture } from '../../../src/files/images/index.ts';
import type { Mask } from '../../../src/methods/evaluation/index.ts';

export const noisePicture = (seed: number, height: number, width = height): Picture => {
  const { data } = integers(randomKey(seed), [height * width * 3], 0, 256);
  return makePicture(height, width, Uint8Array.from(data));
};

export const greyPicture = (value: number, height: number, width = height): Picture =>
  makePicture(height, width, new Uint8Array(height * width * 3).fill(value));

/** 1 in the rectangle from (top, left) up to (bottom, right), else 0. */
export const rectangleMask = (
  [height, width]: readonly [number, number],
  [top, left, bottom, right]: readonly [number, number, number, number],
): Mask =>
  ndArray(
    'float32',
    [height, width],
    Float32Array.from({ length: height * width }, (_, pixel) => {
      const [row, column] = [Math.floor(pixel / width), pixel % width];
      return row >= top && row < bottom && column >= left && column < right ? 1 : 0;
    }),
  );

/** A picture with other pixels where the mask is. */
export function painted(picture: Picture, mask: Mask, value: number): Picture {
  const pixels = picture.pixels.map((old, index) => (mask.data[Math.floor(index / 3)]! >= 0.5 ? value : old));
  return makePicture(picture.height, picture.width, pixels);
}
