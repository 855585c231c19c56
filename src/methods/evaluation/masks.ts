import { ndArray } from '../../engine/index.ts';
import type { Mask } from './edit-case.ts';

/** A mask from bytes, 0 to 255, such as the pocket world draws or a grey picture holds: [height, width]. */
export const maskFromBytes = (height: number, width: number, bytes: Uint8Array): Mask =>
  ndArray(
    'float32',
    [height, width],
    Float32Array.from(bytes, (value) => value / 255),
  );

/**
 * Intersection over union (Jaccard 1901) of two masks, each cut at 0.5: 0 is apart, 1 equal.
 * @throws a sentence if the sizes differ, or both are empty
 */
export function intersectionOverUnion(a: Mask, b: Mask): number {
  checkSameShape('intersectionOverUnion', a, b);
  let [both, either] = [0, 0];
  for (let pixel = 0; pixel < a.data.length; pixel++) {
    const [inA, inB] = [a.data[pixel]! >= 0.5, b.data[pixel]! >= 0.5];
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  if (either === 0) {
    throw new Error('intersectionOverUnion: both masks are empty; give masks that show a subject');
  }
  return both / either;
}

/** The larger value at each pixel. */
export function unionOfMasks(a: Mask, b: Mask): Mask {
  checkSameShape('unionOfMasks', a, b);
  return ndArray(
    'float32',
    a.shape,
    a.data.map((value, pixel) => Math.max(value, b.data[pixel]!)),
  );
}

function checkSameShape(where: string, a: Mask, b: Mask): void {
  if (a.shape.length === 2 && a.shape.join() === b.shape.join()) return;
  throw new Error(
    `${where}: both masks are [height, width] and equally large, got [${a.shape.join(', ')}] and [${b.shape.join(', ')}]; resize one`,
  );
}
