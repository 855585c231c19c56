import { type DType, type NdArray, ndArray, type Shape, typedArrays } from '../../engine/arrays/index.ts';
import { FormatError } from './format-error.ts';

/** Element types that files hold: the engine's, and two narrow integers that become `int32` when read. */
export type StoredType = DType | 'int8' | 'int16';

const storedArrays = { ...typedArrays, int8: Int8Array, int16: Int16Array } as const;

/** The dtype of an array in memory whose elements are stored so. */
export const dtypeOf = (type: StoredType): DType => (type === 'int8' || type === 'int16' ? 'int32' : type);

export const storedBytesPerElement = (type: StoredType): number => storedArrays[type].BYTES_PER_ELEMENT;

/**
 * The array whose little-endian elements these bytes are, dense and row-major, without copying unless they are
 * widened.
 * @param bytes starts its own buffer, as a ByteSource gives it; as many as type and shape describe.
 */
export function decodeElements(type: StoredType, shape: Shape, bytes: Uint8Array): NdArray {
  const elements = new storedArrays[type](
    bytes.buffer,
    bytes.byteOffset,
    bytes.length / storedBytesPerElement(type),
  );
  if (elements instanceof Int8Array || elements instanceof Int16Array) {
    return ndArray('int32', shape, Int32Array.from(elements));
  }
  if (type === 'bool') checkBooleans(bytes);
  return ndArray(dtypeOf(type), shape, elements);
}

function checkBooleans(bytes: Uint8Array): void {
  const index = bytes.findIndex((byte) => byte > 1);
  if (index !== -1) {
    throw new FormatError(
      `a bool is stored as 0 or 1, element ${index} is ${bytes[index]}; the file is damaged, fetch it again`,
    );
  }
}
