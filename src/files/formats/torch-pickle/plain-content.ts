import { FormatError, quote } from '../format-error.ts';
import type { LazyArray } from '../lazy-array.ts';
import { describeValue, type NumpyArray, type PickleTensor, type PickleValue } from './pickle-value.ts';
import type { PlainKey, PlainValue } from './plain-value.ts';

/** Checkpoints nest four or five deep. Without a bound a list that contains itself would have no end. */
export const DEEPEST_CONTENT = 32;

/** A list may hold another many times: thirty such lists describe 2^30 values in a hundred bytes. */
export const MOST_VALUES = 1_000_000;

/** Names are dotted paths of modules, under 200 characters; a long key many times over would fill the memory. */
export const LONGEST_NAME = 1_000;

export type MakeLazyArray = (array: PickleTensor | NumpyArray, name: string) => LazyArray;

export interface PlainContent {
  readonly content: PlainValue;
  readonly arrays: ReadonlyMap<string, LazyArray>;
}

/** The unpickled object as a tree of plain data, and its arrays by their dotted paths. */
export function plainContent(root: PickleValue, makeLazyArray: MakeLazyArray): PlainContent {
  const arrays = new Map<string, LazyArray>();
  let valuesLeft = MOST_VALUES;

  const convert = (value: PickleValue, path: string, depth: number): PlainValue => {
    if (value === null || typeof value !== 'object') return value;
    checkBounds(depth, --valuesLeft);
    const child = (key: string | number, item: PickleValue) =>
      convert(item, depth === 0 ? `${key}` : `${path}.${key}`, depth + 1);
    switch (value.kind) {
      case 'list':
      case 'tuple':
      case 'set':
        valuesLeft -= value.items.length;
        return value.items.map((item, index) => child(index, item));
      case 'dict':
      case 'parameter dict':
        valuesLeft -= value.entries.size;
        return new Map(
          Array.from(value.entries, ([key, item]): [PlainKey, PlainValue] => [key, child(String(key), item)]),
        );
      case 'bytes':
        return value.bytes;
      case 'tensor':
      case 'numpy array':
        return record(path, makeLazyArray(value, path));
      case 'global':
        if (value.allowed.as === 'name') return value.name;
        throw leftover(value, path);
      case 'storage':
      case 'numpy dtype':
        throw leftover(value, path);
    }
  };

  const record = (name: string, array: LazyArray): LazyArray => {
    if (name.length > LONGEST_NAME) {
      throw new FormatError(
        `the name of tensor ${quote(name)} has ${name.length} characters, at most ${LONGEST_NAME} are read; rename it`,
      );
    }
    if (arrays.has(name)) {
      throw new FormatError(`two tensors have the path ${quote(name)}; rename one of the keys in it`);
    }
    arrays.set(name, array);
    return array;
  };

  return { content: convert(root, '', 0), arrays };
}

function checkBounds(depth: number, valuesLeft: number): void {
  if (depth > DEEPEST_CONTENT) {
    throw new FormatError(
      `its contents nest deeper than ${DEEPEST_CONTENT} levels or contain themselves; save the weights alone`,
    );
  }
  if (valuesLeft < 0) {
    throw new FormatError(`its contents are more than ${MOST_VALUES} values; save the weights alone`);
  }
}

const leftover = (value: PickleValue, path: string): FormatError =>
  new FormatError(
    `at ${quote(path)} it holds ${describeValue(value)}, which is no plain data; save the weights alone`,
  );
