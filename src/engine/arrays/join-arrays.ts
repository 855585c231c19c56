import { type NdArray, ndArray } from './nd-array.ts';
import { sizeOf } from './shape.ts';

/** Arrays of float32 one behind the other along an axis, whose other axes are alike; at least one. */
export function joinArrays(arrays: readonly NdArray[], axis = 0): NdArray<'float32'> {
  const [first] = arrays;
  if (first === undefined) throw new Error('joinArrays: expected at least one array, got none');
  const outer = sizeOf(first.shape.slice(0, axis));
  const data = new Float32Array(arrays.reduce((sum, array) => sum + array.data.length, 0));
  let offset = 0;
  for (let row = 0; row < outer; row++) {
    for (const array of arrays) {
      const size = array.data.length / outer;
      data.set((array.data as Float32Array).subarray(row * size, (row + 1) * size), offset);
      offset += size;
    }
  }
  const joined = arrays.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  return ndArray('float32', first.shape.with(axis, joined), data);
}
