import type { LazyArray } from './lazy-array.ts';
import type { PlainValue } from './torch-pickle/plain-value.ts';

/** A file of named arrays, opened: names, dtypes and shapes are here, elements are read on request. */
export type ArrayFile = SafetensorsFile | TorchFile;

interface NamedArrays {
  /** The path, or the name that the caller gave to bytes in memory. */
  readonly name: string;
  /** In the order of the file. */
  readonly arrays: ReadonlyMap<string, LazyArray>;
  /** Free text beside the arrays, such as kohya's `ss_network_alpha`; torch files have none. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Releases the file; lazy arrays cannot be read after that. */
  close(): Promise<void>;
}

export interface SafetensorsFile extends NamedArrays {
  readonly format: 'safetensors';
}

export interface TorchFile extends NamedArrays {
  readonly format: 'torch';
  /**
   * The whole saved object as plain data, lazy arrays in place of tensors. `arrays` names them by their dotted
   * path in it: the array of `{ state_dict: { 'conv.weight': … } }` is `state_dict.conv.weight`.
   */
  readonly content: PlainValue;
}
