import { type DType, type TypedArray, type TypedArrayOf, typedArrays } from './dtype.ts';
import {
  decodeBfloat16Array,
  decodeFloat16Array,
  encodeBfloat16Array,
  encodeFloat16Array,
} from './half-floats.ts';
import { formatShape, type Shape, sizeOf } from './shape.ts';

/** Concrete data: a dense row-major array. Treat it as immutable unless you made it. */
export interface NdArray<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: TypedArrayOf<D>;
}

/** Nested lists of numbers, all rows of one length. */
export type NestedNumbers = number | readonly NestedNumbers[];

/**
 * Wraps data without copying it.
 * @throws if the shape does not describe as many elements as there are, or is not made of whole numbers.
 */
export function ndArray<D extends DType>(dtype: D, shape: Shape, data: TypedArrayOf<D>): NdArray<D> {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new Error(`ndArray: a shape is made of whole numbers ≥ 0, got ${formatShape(shape)}`);
  }
  if (!(data instanceof typedArrays[dtype])) {
    throw new Error(`ndArray: ${dtype} data is a ${typedArrays[dtype].name}, got ${data?.constructor?.name}`);
  }
  if (data.length !== sizeOf(shape)) {
    throw new Error(
      `ndArray: shape ${formatShape(shape)} describes ${sizeOf(shape)} elements, got ${data.length}`,
    );
  }
  return { dtype, shape, data };
}

/** A float32 array from nested lists: `fromNested([[1, 2], [3, 4]])` has shape [2, 2]. */
export function fromNested(values: NestedNumbers): NdArray<'float32'> {
  const shape = shapeOfNested(values);
  if (!hasShape(values, shape)) {
    throw new Error(`fromNested: rows differ in length; the first ones give ${formatShape(shape)}`);
  }
  return ndArray('float32', shape, Float32Array.from(flattenNested(values)));
}

export const scalar = (value: number): NdArray<'float32'> => ndArray('float32', [], Float32Array.of(value));

export const zeros = <D extends DType = 'float32'>(shape: Shape, dtype?: D): NdArray<D> => {
  const type = dtype ?? ('float32' as D);
  return ndArray(type, shape, new typedArrays[type](sizeOf(shape)));
};

/** Every element `value`. 16-bit types round to nearest. */
export function full<D extends DType = 'float32'>(shape: Shape, value: number, dtype?: D): NdArray<D> {
  const filled = zeros(shape, dtype);
  const [element] = encode([value], filled.dtype);
  filled.data.fill(element as never);
  return filled;
}

/** 0, 1, …, length − 1. */
export const range = <D extends DType = 'float32'>(length: number, dtype?: D): NdArray<D> =>
  castArray(
    ndArray(
      'float64',
      [length],
      Float64Array.from({ length }, (_, index) => index),
    ),
    dtype ?? ('float32' as D),
  );

export const isNdArray = (value: unknown): value is NdArray =>
  typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value && 'data' in value;

/**
 * Converts element by element; returns the same object if the type is already right. Floats become integers
 * by truncation, anything becomes `bool` by comparison with zero, 16-bit floats round to nearest, ties to even.
 */
export function castArray<D extends DType>(array: NdArray, dtype: D): NdArray<D> {
  if (array.dtype === dtype) return array as NdArray as NdArray<D>;
  return ndArray(dtype, array.shape, encode(toNumbers(array), dtype) as TypedArrayOf<D>);
}

/** The elements as JavaScript numbers, 16-bit floats decoded; int64 beyond 2^53 loses its low bits. */
export function toNumbers(array: NdArray): Float32Array | Float64Array | Int32Array | Uint8Array {
  switch (array.dtype) {
    case 'float16':
      return decodeFloat16Array(array.data as Uint16Array);
    case 'bfloat16':
      return decodeBfloat16Array(array.data as Uint16Array);
    case 'int64':
      return Float64Array.from(array.data as BigInt64Array, Number);
    default:
      return array.data as Float32Array;
  }
}

function encode(numbers: ArrayLike<number>, dtype: DType): TypedArray {
  switch (dtype) {
    case 'float16':
      return encodeFloat16Array(numbers);
    case 'bfloat16':
      return encodeBfloat16Array(numbers);
    case 'int64':
      return BigInt64Array.from(Array.from(numbers, (number) => BigInt(Math.trunc(number))));
    case 'bool':
      return Uint8Array.from(numbers, (number) => (number === 0 ? 0 : 1));
    case 'float32':
      return Float32Array.from(numbers);
    case 'float64':
      return Float64Array.from(numbers);
    case 'int32':
      return Int32Array.from(numbers);
    case 'uint8':
      return Uint8Array.from(numbers);
  }
}

const flattenNested = (values: NestedNumbers): number[] =>
  typeof values === 'number' ? [values] : values.flatMap(flattenNested);

function hasShape(values: NestedNumbers, [size, ...rest]: Shape): boolean {
  if (typeof values === 'number') return size === undefined;
  return values.length === size && values.every((row) => hasShape(row, rest));
}

function shapeOfNested(values: NestedNumbers): number[] {
  if (typeof values === 'number') return [];
  return [values.length, ...(values.length > 0 ? shapeOfNested(values[0]!) : [])];
}
