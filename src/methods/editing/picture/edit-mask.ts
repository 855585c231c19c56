import { ndArray } from '../../../engine/arrays/index.ts';
import { type Plane, resizePlane } from '../mask/resize-plane.ts';
import { softenRegion } from '../mask/soften-region.ts';
import { cropPlane, insideOf } from './crop-pixels.ts';
import type { Raster } from './raster.ts';
import type { SquareCrop } from './square-crop.ts';

/** How a mask's edge is made; both in pixels of the picture. */
export interface MaskEdge {
  /**
   * By how much the region grows; negative shrinks it. Default: one latent cell for a found region, since the concept
   * may be larger than the subject; 0 for a given mask.
   */
  readonly grow?: number;
  /** Over how much it falls to 0, outwards. Default: one latent cell for a found region. */
  readonly feather?: number;
}

type Size = Pick<Raster, 'height' | 'width'>;

/**
 * The mask of a region found at latent resolution, [side, side] of the crop.
 * @param region [cells, cells] of 0 and 1
 */
export function maskOfRegion(picture: Size, crop: SquareCrop, region: Plane, edge: MaskEdge): Plane {
  const cell = crop.side / region.shape[1]!;
  const { grow = cell, feather = cell } = edge;
  const inPixels = atLeastAPixel(resizePlane(region, [crop.side, crop.side]));
  return fadeAtSeams(picture, crop, softenRegion(inPixels, { grow, feather }), feather);
}

/** Where a crop has fewer pixels than cells a region could vanish between them: then its best pixels are the region. */
function atLeastAPixel(plane: Plane): Plane {
  const most = plane.data.reduce((largest, value) => Math.max(largest, value), 0);
  if (most >= 0.5 || most === 0) return plane;
  return { ...plane, data: plane.data.map((value) => value / most) };
}

/**
 * The same of a mask as large as the picture: as it is, unless it is to grow or to be feathered, which takes ½ and more
 * for the region.
 * @throws a sentence if the mask is of another size, or not made of 0 … 1
 */
export function maskOfGiven(picture: Size, crop: SquareCrop, given: Plane, edge: MaskEdge): Plane {
  const { grow = 0, feather = 0 } = edge;
  const seen = cropPlane(given, crop);
  const isAsGiven = edge.grow === undefined && edge.feather === undefined;
  const mask = isAsGiven ? seen : softenRegion(seen, { grow, feather });
  return fadeAtSeams(picture, crop, mask, feather);
}

/** All of the crop, which is `cells` latent cells wide. */
export const maskOfEverything = (picture: Size, crop: SquareCrop, cells: number): Plane =>
  fadeAtSeams(
    picture,
    crop,
    ndArray('float32', [crop.side, crop.side], new Float32Array(crop.side ** 2).fill(1)),
    crop.side / cells,
  );

/** A crop's mask as large as the picture, 0 outside the crop: what `mask.png` and metrics show. */
export function maskOfPicture({ height, width }: Size, crop: SquareCrop, mask: Plane): Plane {
  const { top, left, side } = crop;
  const whole = ndArray('float32', [height, width], new Float32Array(height * width));
  for (let row = Math.max(0, -top); row < Math.min(side, height - top); row++) {
    for (let column = Math.max(0, -left); column < Math.min(side, width - left); column++) {
      whole.data[(top + row) * width + left + column] = mask.data[row * side + column]!;
    }
  }
  return whole;
}

/** How much each latent cell may move: the mask, averaged over the cell and a little around it. */
export function latentMask(mask: Plane, cells: number): Plane {
  const shares = resizePlane(mask, [cells, cells]);
  // Weights sum to 1 only up to rounding.
  return { ...shares, data: shares.data.map((share) => (share > 1 - 1e-6 ? 1 : Math.max(0, share))) };
}

/**
 * 0 beyond the picture; and where a side of the crop runs through the picture, the mask falls to it over the feather, so
 * that no seam shows.
 */
function fadeAtSeams(picture: Size, crop: SquareCrop, mask: Plane, feather: number): Plane {
  const { top, left, side } = crop;
  const inside = insideOf(crop, picture);
  const distance = (place: number, begins: boolean, ends: boolean) =>
    Math.min(begins ? place + 0.5 : Infinity, ends ? side - place - 0.5 : Infinity);
  const data = mask.data.map((share, index) => {
    const rows = distance(Math.floor(index / side), top > 0, top + side < picture.height);
    const columns = distance(index % side, left > 0, left + side < picture.width);
    const room = feather > 0 ? Math.min(1, Math.min(rows, columns) / feather) : 1;
    return inside.data[index]! * Math.min(share, room);
  });
  return { ...mask, data };
}
