import { type NdArray, ndArray, type TypedArray, typedArrays } from '../../../engine/arrays/index.ts';
import { FormatError, quote } from '../../formats/format-error.ts';
import { type ArraySource, type LazyArray, readArray } from '../../formats/lazy-array.ts';
import { type ArraySources, type LazyArrays, lazily, reshaped } from '../named-arrays.ts';
import type { Naming, OriginalForm } from './naming.ts';

export interface Converted {
  readonly arrays: LazyArrays;
  /** Tensors that the naming does not have. */
  readonly unknown: LazyArrays;
}

/** Original names → the tree's; nothing is read. */
export function fromOriginalNames(arrays: LazyArrays, naming: Naming): Converted {
  const converted = new Map<string, LazyArray>();
  const unknown = new Map<string, LazyArray>();
  for (const [name, array] of arrays) {
    const places = naming.fromOriginal(name);
    if (places === undefined) unknown.set(name, array);
    for (const place of places ?? []) converted.set(place.name, takeOut(array, place.form, name));
  }
  return { arrays: converted, unknown };
}

/** The tree's names → original ones. @throws FormatError for a name that the original does not have */
export function toOriginalNames(arrays: ArraySources, naming: Naming): ArraySources {
  const converted = new Map<string, ArraySource>();
  const thirds = new Map<string, ArraySource[]>();
  for (const [name, array] of arrays) {
    const place = naming.toOriginal(name);
    if (place === undefined) {
      throw new FormatError(
        `tensor ${quote(name)} has no name in the original layout; write a folder instead`,
      );
    }
    const third = thirdOf[place.form];
    if (third === undefined) converted.set(place.name, putInto(array, place.form));
    else {
      const list = thirds.get(place.name) ?? [];
      list[third] = array;
      thirds.set(place.name, list);
    }
  }
  for (const [name, parts] of thirds) converted.set(name, joined(parts, name));
  return converted;
}

const thirdOf: { readonly [F in OriginalForm]: 0 | 1 | 2 | undefined } = {
  'the same': undefined,
  'with a 1x1 kernel': undefined,
  'first third': 0,
  'second third': 1,
  'last third': 2,
};

function takeOut(array: LazyArray, form: OriginalForm, name: string): LazyArray {
  const [rows = 0, ...rest] = array.shape;
  if (form === 'the same') return array;
  if (form === 'with a 1x1 kernel') {
    // Newer files may have the linear layer itself.
    return array.shape.length === 4 && array.shape[2] === 1 && array.shape[3] === 1
      ? reshaped(array, [rows, rest[0]!])
      : array;
  }
  if (rows % 3 !== 0) {
    throw new FormatError(
      `tensor ${quote(name)} is queries, keys and values, but its ${rows} rows are no multiple of 3; fetch the file again`,
    );
  }
  const shape = [rows / 3, ...rest];
  return lazily(array.dtype, shape, async () => part(await array.read(), thirdOf[form]!, shape));
}

function part(whole: NdArray, third: number, shape: readonly number[]): NdArray {
  const length = whole.data.length / 3;
  return ndArray(whole.dtype, shape, whole.data.slice(third * length, (third + 1) * length) as TypedArray);
}

const putInto = (array: ArraySource, form: OriginalForm): ArraySource =>
  form === 'with a 1x1 kernel' ? reshaped(array, [...array.shape, 1, 1]) : array;

function joined(parts: readonly ArraySource[], name: string): LazyArray {
  const [first, second, last] = parts;
  const same = (a: ArraySource | undefined) =>
    a !== undefined && a.dtype === first?.dtype && a.shape.join() === first.shape.join();
  if (first === undefined || !same(second) || !same(last)) {
    throw new FormatError(
      `queries, keys and values of ${quote(name)} differ in shape or type, or one is missing`,
    );
  }
  const [rows = 0, ...rest] = first.shape;
  return lazily(first.dtype, [3 * rows, ...rest], async () => {
    const length = first.shape.reduce((product, size) => product * size, 1);
    const data = new typedArrays[first.dtype](3 * length);
    for (const [index, source] of parts.entries()) {
      data.set((await readArray(source)).data as never, index * length);
    }
    return ndArray(first.dtype, [3 * rows, ...rest], data as TypedArray);
  });
}
