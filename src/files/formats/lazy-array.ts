import { type DType, isNdArray, type NdArray, type Shape } from '../../engine/arrays/index.ts';

/** An array that is still on disk: `read` fetches its elements, each time anew. A leaf of a tree. */
export interface LazyArray<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  read(): Promise<NdArray<D>>;
}

/** What writers take: an array in memory, or one that is read when its turn comes. */
export type ArraySource = NdArray | LazyArray;

export const isLazyArray = (value: unknown): value is LazyArray =>
  typeof value === 'object' &&
  value !== null &&
  'read' in value &&
  typeof value.read === 'function' &&
  'dtype' in value &&
  'shape' in value;

export const isArraySource = (value: unknown): value is ArraySource => isNdArray(value) || isLazyArray(value);

/**
 * The array, read if it was on disk.
 * @throws if it is not what it announced: writers lay out a file before they read its arrays.
 */
export async function readArray(source: ArraySource): Promise<NdArray> {
  if (!isLazyArray(source)) return source;
  const array = await source.read();
  if (array.dtype !== source.dtype || array.shape.join() !== source.shape.join()) {
    throw new Error(
      `readArray: a lazy array announced ${source.dtype} [${source.shape}], its read gave ${array.dtype} [${array.shape}]`,
    );
  }
  return array;
}

/** The elements as they stand in memory: little-endian on every machine that runs Node. */
export const bytesOf = ({ data }: NdArray): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
