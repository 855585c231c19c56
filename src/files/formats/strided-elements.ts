import { type Shape, sizeOf, stridesOf } from '../../engine/arrays/index.ts';

/** Elements from the first of a strided view to past its last; 0 for an empty one. */
export const spanOf = (shape: Shape, strides: readonly number[]): number =>
  sizeOf(shape) === 0 ? 0 : shape.reduce((end, size, axis) => end + (size - 1) * strides[axis]!, 1);

/**
 * The elements of a strided view as dense row-major bytes; the same bytes if they are so already. Elements move
 * as bits: a NaN keeps its payload.
 * @param bytes the span of the view, at the start of a buffer of its own.
 * @param bytesPerElement 1, 2, 4 or 8.
 */
export function gatherElements(
  bytes: Uint8Array,
  bytesPerElement: number,
  shape: Shape,
  strides: readonly number[],
): Uint8Array {
  if (isDense(shape, strides)) return bytes;
  // Eight bytes are two words: one more axis of a view of words.
  if (bytesPerElement === 8) {
    return gatherElements(bytes, 4, [...shape, 2], [...strides.map((stride) => 2 * stride), 1]);
  }
  const Elements = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[bytesPerElement as 1 | 2 | 4];
  const gathered = new Elements(sizeOf(shape));
  const elements = new Elements(
    bytes.buffer as ArrayBuffer,
    bytes.byteOffset,
    bytes.length / bytesPerElement,
  );
  gather(elements, gathered, shape, strides);
  return new Uint8Array(gathered.buffer);
}

/** Axes of size 1 may have any stride. */
function isDense(shape: Shape, strides: readonly number[]): boolean {
  const dense = stridesOf(shape);
  return sizeOf(shape) === 0 || shape.every((size, axis) => size === 1 || strides[axis] === dense[axis]);
}

type Words = Uint8Array | Uint16Array | Uint32Array;

/** Counts through the indices of the view like an odometer, the innermost axis fastest. */
function gather(from: Words, to: Words, shape: Shape, strides: readonly number[]): void {
  const index = new Array<number>(shape.length).fill(0);
  let position = 0;
  for (let element = 0; element < to.length; element++) {
    to[element] = from[position]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      position -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}
