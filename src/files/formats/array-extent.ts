import { type Shape, sizeOf } from '../../engine/arrays/index.ts';
import { FormatError } from './format-error.ts';
import { type StoredType, storedBytesPerElement } from './stored-type.ts';

/** PyTorch's own limit on the number of axes; without one, a shape itself could be megabytes. */
export const MOST_AXES = 64;

/** The value out of a file, checked to be a shape of a countable number of elements. */
export function asShape(value: unknown): Shape {
  if (!Array.isArray(value) || value.length > MOST_AXES || !value.every(isSize)) {
    throw new FormatError(
      `a shape is a list of at most ${MOST_AXES} whole numbers ≥ 0, found ${show(value)}; the file is damaged, fetch it again`,
    );
  }
  if (!Number.isSafeInteger(sizeOf(value) * 8)) {
    throw new FormatError(
      `its shape ${show(value)} describes more elements than any file holds; fetch it again`,
    );
  }
  return value;
}

/** Bytes of a dense array. */
export const byteLengthOf = (type: StoredType, shape: Shape): number =>
  sizeOf(shape) * storedBytesPerElement(type);

const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const LONGEST_SHOWN = 80;

function show(value: unknown): string {
  const text = Array.isArray(value)
    ? `[${value.slice(0, MOST_AXES).map(showSize).join(', ')}]`
    : typeof value;
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** A number as it is; nothing else out of the file gets into a message. */
const showSize = (size: unknown): string => (typeof size === 'number' ? `${size}` : typeof size);
