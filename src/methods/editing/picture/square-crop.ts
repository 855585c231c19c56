import type { Plane } from '../mask/resize-plane.ts';
import type { Raster } from './raster.ts';

/** A square of a picture, in whole pixels; it may reach beyond the picture's borders. */
export interface SquareCrop {
  readonly top: number;
  readonly left: number;
  readonly side: number;
}

/** Rows and columns, the last ones not included. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export interface ChooseCropOptions {
  /** Room on each side of the subject, as a share of its longer side; ≥ 0. Default 0.25. */
  readonly context?: number;
  /** A crop is not smaller than this unless the picture is: the model's resolution, so that nothing is enlarged. */
  readonly leastSide: number;
}

type Size = Pick<Raster, 'height' | 'width'>;

/**
 * A square around a box with context. It lies inside the picture where the picture is large enough, is shifted inwards at
 * its borders, and reaches beyond them only where the box needs more than the shorter side has.
 * @throws if the context is no share
 */
export function chooseCrop(
  picture: Size,
  box: Box,
  { context = 0.25, leastSide }: ChooseCropOptions,
): SquareCrop {
  if (!(Number.isFinite(context) && context >= 0)) {
    throw new Error(`chooseCrop: the context is a share ≥ 0 of the subject, got ${context}`);
  }
  const { height, width } = picture;
  const longer = Math.max(box.bottom - box.top, box.right - box.left);
  const wanted = Math.max(leastSide, Math.ceil(longer * (1 + 2 * context)));
  const [shorterSide, longerSide] = [Math.min(height, width), Math.max(height, width)];
  // Context is no reason to leave the picture; the subject is, with a little room for the mask's edge.
  const needed = Math.min(Math.ceil(1.1 * longer), longerSide);
  const side = Math.max(Math.min(wanted, shorterSide), needed);
  return {
    top: place((box.top + box.bottom) / 2, side, height),
    left: place((box.left + box.right) / 2, side, width),
    side,
  };
}

/** The smallest square that holds the whole picture, in its middle. */
export function wholeCrop({ height, width }: Size): SquareCrop {
  const side = Math.max(height, width);
  return { top: place(height / 2, side, height), left: place(width / 2, side, width), side };
}

/** @throws a sentence if a crop is not made of whole pixels, or shows nothing of the picture */
export function checkCrop({ height, width }: Size, { top, left, side }: SquareCrop): void {
  const isWhole = [top, left, side].every(Number.isSafeInteger) && side >= 1;
  if (isWhole && top < height && left < width && top + side > 0 && left + side > 0) return;
  throw new Error(
    `editing: a crop is a square of whole pixels that shows a part of the ${width} x ${height} picture, got a side ` +
      `of ${side} at row ${top}, column ${left}`,
  );
}

/** The box of the elements of ½ and more; undefined if there are none. */
export function boxOf({ shape, data }: Plane): Box | undefined {
  const width = shape[1]!;
  const box = { top: Number.POSITIVE_INFINITY, left: Number.POSITIVE_INFINITY, bottom: 0, right: 0 };
  data.forEach((value, index) => {
    if (!(value >= 0.5)) return;
    const [row, column] = [Math.floor(index / width), index % width];
    box.top = Math.min(box.top, row);
    box.bottom = Math.max(box.bottom, row + 1);
    box.left = Math.min(box.left, column);
    box.right = Math.max(box.right, column + 1);
  });
  return box.bottom === 0 ? undefined : box;
}

/** Where a stretch of `side` around a centre begins: inside 0 … size, or centred on it if it is longer. */
const place = (centre: number, side: number, size: number): number =>
  side >= size
    ? Math.round((size - side) / 2)
    : Math.min(Math.max(Math.round(centre - side / 2), 0), size - side);
