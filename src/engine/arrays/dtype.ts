/**
 * The element types of the engine. `float16` and `bfloat16` hold their raw bits in a `Uint16Array`
 * (half-floats.ts converts), `bool` holds 0 or 1 in a `Uint8Array`, `int64` holds bigints.
 */
export type DType = 'float32' | 'float16' | 'bfloat16' | 'float64' | 'int64' | 'int32' | 'uint8' | 'bool';

interface DTypeArrays {
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  float64: Float64Array;
  int64: BigInt64Array;
  int32: Int32Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type TypedArrayOf<D extends DType> = DTypeArrays[D];
export type TypedArray = DTypeArrays[DType];

interface TypedArrayConstructor<A> {
  new (length: number): A;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): A;
  readonly BYTES_PER_ELEMENT: number;
}

export const typedArrays: { readonly [D in DType]: TypedArrayConstructor<TypedArrayOf<D>> } = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

export const bytesPerElement = (dtype: DType): number => typedArrays[dtype].BYTES_PER_ELEMENT;

export const isFloating = (dtype: DType): boolean =>
  dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64';
