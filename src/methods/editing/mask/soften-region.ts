import { ndArray } from '../../../engine/arrays/index.ts';
import { squaredDistances } from './distance-transform.ts';
import type { Plane } from './resize-plane.ts';

export interface EdgeOptions {
  /** Cells by which the region grows in all directions; negative shrinks it. */
  readonly grow: number;
  /** Cells over which the mask falls from 1 to 0, outwards from the grown region's edge; 0 is a hard edge. */
  readonly feather: number;
}

/**
 * A mask from 0 to 1 of a region: 1 within `grow` of it, then falling linearly to 0 over `feather`. A region that is
 * empty gives 0 everywhere, one that is everything gives 1.
 * @param region from 0 to 1: cells of ½ and more are inside
 * @throws if an option is not a number, or the feather negative
 */
export function softenRegion(region: Plane, { grow, feather }: EdgeOptions): Plane {
  if (!Number.isFinite(grow) || !(Number.isFinite(feather) && feather >= 0)) {
    throw new Error(
      `softenRegion: a mask grows by a finite number of cells and has a feather ≥ 0, got ${grow} and ${feather}`,
    );
  }
  const size = region.shape as [number, number];
  const isInside = (cell: number) => region.data[cell]! >= 0.5;
  const outwards = squaredDistances(size, isInside);
  // Only a shrinking region needs to know how deep its cells lie.
  const inwards = grow < 0 ? squaredDistances(size, (cell) => !isInside(cell)) : undefined;
  const data = region.data.map((_, cell) => {
    const deep = inwards === undefined ? 0 : Math.max(0, Math.sqrt(inwards[cell]!) - 1);
    const distance = isInside(cell) ? -deep : Math.sqrt(outwards[cell]!); // beyond the region's last cell
    if (distance <= grow) return 1;
    return distance >= grow + feather ? 0 : (grow + feather - distance) / feather;
  });
  return ndArray('float32', size, data);
}
