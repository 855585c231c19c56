export type { ArrayFile, SafetensorsFile, TorchFile } from './array-file.ts';
export { FormatError } from './format-error.ts';
export { type ArraySource, isLazyArray, type LazyArray, readArray } from './lazy-array.ts';
export { openArrays, parseArrays } from './open-arrays.ts';
export { replaceFile, type WriteBytes } from './replace-file.ts';
export { openSafetensors, parseSafetensors } from './safetensors/open-safetensors.ts';
export {
  encodeSafetensors,
  type NamedArraySources,
  type SafetensorsOptions,
  writeSafetensors,
} from './safetensors/write-safetensors.ts';
export { openShardedArrays, openShardedSafetensors, type ShardedOptions } from './sharded-arrays.ts';
export type { SavableValue } from './torch-pickle/encode-pickle.ts';
export type { PlainKey, PlainMap, PlainValue } from './torch-pickle/plain-value.ts';
export { writeTorchFile } from './torch-pickle/write-torch-file.ts';
