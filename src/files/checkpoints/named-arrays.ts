import {
  castArray,
  type DType,
  isFloating,
  type NdArray,
  ndArray,
  type Shape,
  type Tree,
  unflatten,
} from '../../engine/arrays/index.ts';
import { type ArraySource, type LazyArray, readArray } from '../formats/lazy-array.ts';

/** Arrays on disk by name, in the order of their file. */
export type LazyArrays = ReadonlyMap<string, LazyArray>;

/** Arrays by name, on disk or in memory: what can be written. `new Map(flatten(tree))` makes one of a tree. */
export type ArraySources = ReadonlyMap<string, ArraySource>;

/** How the floats of a checkpoint are written. */
export type StoredFloats = 'as they are' | 'float32' | 'float16';

/**
 * Reads arrays one after another into a tree.
 * @param dtype floats are converted to it; whole numbers stay. Default float32
 */
export async function readTree(
  arrays: ArraySources,
  dtype: DType | 'as it is' = 'float32',
): Promise<Tree<NdArray>> {
  const entries: [string, NdArray][] = [];
  for (const [name, source] of arrays) {
    const array = await readArray(source);
    entries.push([name, dtype === 'as it is' || !isFloating(array.dtype) ? array : castArray(array, dtype)]);
  }
  return unflatten(entries);
}

/** An array on disk that is something else once read: of another shape, a part, transposed. */
export const lazily = <D extends DType>(
  dtype: D,
  shape: Shape,
  read: () => Promise<NdArray>,
): LazyArray<D> => ({
  dtype,
  shape,
  read: async () => {
    const array = await read();
    return ndArray(dtype, shape, castArray(array, dtype).data);
  },
});

/** The same elements under another shape. */
export const reshaped = (source: ArraySource, shape: Shape): LazyArray =>
  lazily(source.dtype, shape, () => readArray(source));

/** Floats converted when they are read. */
export function stored(source: ArraySource, floats: StoredFloats): ArraySource {
  if (floats === 'as they are' || source.dtype === floats || !isFloating(source.dtype)) return source;
  return lazily(floats, source.shape, () => readArray(source));
}
