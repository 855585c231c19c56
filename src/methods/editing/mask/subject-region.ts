import { ndArray } from '../../../engine/arrays/index.ts';
import { otsuThreshold } from './otsu-threshold.ts';
import { fillHoles, largestRegion } from './regions.ts';
import type { Plane } from './resize-plane.ts';

export interface SubjectRegion {
  /** 1 where the subject is, 0 elsewhere. */
  readonly region: Plane;
  /** What the map was cut at; undefined where it has one value only, and the region is everything. */
  readonly threshold: number | undefined;
}

/**
 * The subject as one coherent region of a map: above the threshold (Otsu's, unless one is given), the connected region
 * that holds most of the map, its holes filled.
 */
export function subjectRegion(map: Plane, given?: number): SubjectRegion {
  if (given !== undefined && !(given >= 0 && given < 1)) {
    throw new Error(`subjectRegion: a threshold lies in 0 … 1, below 1, got ${given}`);
  }
  const otsu = otsuThreshold(map.data);
  const threshold = otsu === undefined ? undefined : (given ?? otsu);
  if (threshold === undefined) {
    const everything = new Float32Array(map.data.length).fill(1);
    return { region: ndArray('float32', map.shape, everything), threshold };
  }
  const above = { ...map, data: map.data.map((value) => (value > threshold ? 1 : 0)) };
  return { region: fillHoles(largestRegion(above, map.data)), threshold };
}
