import type { Shape } from '../../../engine/arrays/index.ts';
import type { StoredType } from '../stored-type.ts';
import type { AllowedGlobal } from './allowed-globals.ts';
import type { PlainKey } from './plain-value.ts';

/** A Python object as the pickle interpreter sees it: data about what would have been built, nothing run. */
export type PickleValue = null | boolean | number | bigint | string | PickleObject;

export type PickleObject =
  | PickleBytes
  | PickleSequence
  | PickleDict
  | PickleGlobal
  | PickleStorage
  | PickleTensor
  | NumpyDtype
  | NumpyArray;

/** Whether a value is an object of one of these kinds. */
export const isKind = <K extends PickleObject['kind']>(
  value: PickleValue | undefined,
  ...kinds: readonly K[]
): value is Extract<PickleObject, { readonly kind: K }> =>
  typeof value === 'object' && value !== null && (kinds as readonly string[]).includes(value.kind);

export interface PickleBytes {
  readonly kind: 'bytes';
  readonly bytes: Uint8Array;
}

export type PickleSequence = SequenceOf<'list'> | SequenceOf<'tuple'> | SequenceOf<'set'>;

interface SequenceOf<K extends string> {
  readonly kind: K;
  readonly items: PickleValue[];
}

/** A parameter dict is torch.nn.ParameterDict: its entries come with its state, not by item. */
export type PickleDict = DictOf<'dict'> | DictOf<'parameter dict'>;

interface DictOf<K extends string> {
  readonly kind: K;
  readonly entries: Map<PlainKey, PickleValue>;
}

export interface PickleGlobal {
  readonly kind: 'global';
  readonly name: string;
  readonly allowed: AllowedGlobal;
}

/** A run of elements in the file that tensors view. */
export interface PickleStorage {
  readonly kind: 'storage';
  readonly type: StoredType;
  readonly key: string;
  /** Elements of the whole storage in the file. */
  readonly size: number;
  /** The part that tensors may view: everything, but for views of views in files from before 2018. */
  readonly first: number;
  readonly length: number;
}

export interface PickleTensor {
  readonly kind: 'tensor';
  readonly storage: PickleStorage;
  /** All in elements, counted from the beginning of the whole storage. */
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

export interface NumpyDtype {
  readonly kind: 'numpy dtype';
  readonly type: StoredType;
}

/** `contents` arrive after the array itself, by BUILD. */
export interface NumpyArray {
  readonly kind: 'numpy array';
  contents?: {
    readonly type: StoredType;
    readonly shape: Shape;
    readonly strides: readonly number[];
    readonly bytes: Uint8Array;
  };
}

/** A value's kind as messages name it. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return value.kind === 'global' ? value.name : `a ${value.kind}`;
}
