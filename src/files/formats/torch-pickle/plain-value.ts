import type { LazyArray } from '../lazy-array.ts';

/**
 * What a torch file holds, as plain data: Python's lists, tuples, sets and sizes are lists, dicts are maps in
 * their own order, dtypes and classes are their names (`torch.float16`), tensors and numpy arrays are lazy
 * arrays. Integers beyond 2^53 are bigints.
 */
export type PlainValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | LazyArray
  | readonly PlainValue[]
  | PlainMap;

export type PlainKey = string | number | bigint | boolean | null;
export type PlainMap = ReadonlyMap<PlainKey, PlainValue>;
