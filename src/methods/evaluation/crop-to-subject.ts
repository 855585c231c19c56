import { makePicture, type Picture } from '../../files/images/index.ts';
import { checkMask } from './compare-pixels.ts';
import type { Mask } from './edit-case.ts';

/** Added on each side of the subject, as a share of its longer side. */
const MARGIN = 0.1;

/** What lies beyond the picture: middle grey, close to the mean that CLIP subtracts. */
const BEYOND = 128;

/**
 * The square around the subject: the box of all pixels where the mask is at least 0.5, made square around its middle,
 * with a tenth of the longer side added on each side. What is behind the subject stays; where the square reaches
 * beyond the picture it is grey.
 * @throws a sentence if the mask has another size, or shows no subject
 */
export function cropToSubject(picture: Picture, mask: Mask): Picture {
  checkMask(mask, picture);
  const { top, left, bottom, right } = boxOf(mask);
  const longer = Math.max(bottom - top, right - left);
  const side = Math.round(longer * (1 + 2 * MARGIN));
  const firstRow = Math.round((top + bottom - side) / 2);
  const firstColumn = Math.round((left + right - side) / 2);
  const pixels = new Uint8Array(3 * side * side).fill(BEYOND);
  const start = Math.max(0, -firstColumn);
  const end = Math.min(side, picture.width - firstColumn);
  for (let row = Math.max(0, -firstRow); row < Math.min(side, picture.height - firstRow); row++) {
    const from = 3 * ((row + firstRow) * picture.width + firstColumn);
    pixels.set(picture.pixels.subarray(from + 3 * start, from + 3 * end), 3 * (row * side + start));
  }
  return makePicture(side, side, pixels);
}

/** The first row and column inside, and those after the last. */
function boxOf(mask: Mask) {
  const [height, width] = mask.shape as [number, number];
  let [top, left, bottom, right] = [height, width, 0, 0];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (mask.data[row * width + column]! < 0.5) continue;
      [top, left] = [Math.min(top, row), Math.min(left, column)];
      [bottom, right] = [row + 1, Math.max(right, column + 1)];
    }
  }
  if (bottom === 0)
    throw new Error('cropToSubject: the mask shows no subject; no pixel of it is at least 0.5');
  return { top, left, bottom, right };
}
