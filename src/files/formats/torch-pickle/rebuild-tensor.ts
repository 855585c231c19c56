import { sizeOf } from '../../../engine/arrays/index.ts';
import { asShape } from '../array-extent.ts';
import { FormatError, quote } from '../format-error.ts';
import { spanOf } from '../strided-elements.ts';
import { damaged, type PickleMachine } from './pickle-machine.ts';
import {
  describeValue,
  isKind,
  type PickleStorage,
  type PickleTensor,
  type PickleValue,
} from './pickle-value.ts';

/**
 * A view may repeat elements (a mask expanded over a batch), so a small file may ask for a large array. Beyond
 * what its storage holds it gets this many elements: 256 MB of float32.
 */
export const MOST_REPEATED_ELEMENTS = 2 ** 26;

/** The storage that a persistent id names: ('storage', class, key, device, elements[, view]). */
export function storageOf(id: PickleValue, { storages }: PickleMachine): PickleStorage {
  const [tag, global, key, , size, view] = itemsOf(id);
  const type = isKind(global, 'global') && global.allowed.as === 'storage' ? global.allowed.type : undefined;
  if (tag !== 'storage' || type === undefined || typeof key !== 'string' || !isCount(size)) {
    throw damaged('names a storage in a way torch.save does not');
  }
  const known = storages.get(key);
  if (known !== undefined && (known.type !== type || known.size !== size)) {
    throw new FormatError(
      `storage ${quote(key)} is first ${known.size} elements of ${known.type}, then ${size} of ${type}; the file is damaged, fetch it again`,
    );
  }
  const storage = { kind: 'storage', type, key, size, first: 0, length: size } as const;
  storages.set(key, storage);
  return view === undefined || view === null ? storage : { ...storage, ...partOf(view, size) };
}

/** _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, backward_hooks). */
export function rebuildTensor([storage, offset, sizes, steps]: readonly PickleValue[]): PickleTensor {
  if (!isKind(storage, 'storage')) throw damaged(`makes a tensor of ${describeValue(storage)}`);
  const shape = asShape(itemsOf(sizes));
  const strides = itemsOf(steps);
  if (!isCount(offset) || strides.length !== shape.length || !strides.every(isCount)) {
    throw damaged('gives a tensor an offset or strides that are not whole numbers ≥ 0');
  }
  const elements = sizeOf(shape);
  const end = offset + spanOf(shape, strides);
  if (elements > 0 && !(end <= storage.length)) {
    throw new FormatError(
      `a tensor of shape [${shape.join(', ')}] ends at element ${end} of storage ${quote(storage.key)}, which has ${storage.length}; the file is damaged, fetch it again`,
    );
  }
  if (elements > Math.max(storage.length, MOST_REPEATED_ELEMENTS)) {
    throw new FormatError(
      `a tensor of shape [${shape.join(', ')}] repeats the ${storage.length} elements of its storage, at most ${MOST_REPEATED_ELEMENTS} are made so; save it without expand`,
    );
  }
  const first = elements === 0 ? 0 : storage.first + offset; // an empty view may begin anywhere
  return { kind: 'tensor', storage, offset: first, shape, strides };
}

/** (key, offset, size) of a storage that is part of another one, as files from before 2018 have it. */
function partOf(view: PickleValue, size: number): { readonly first: number; readonly length: number } {
  const [, first, length] = itemsOf(view);
  if (!isCount(first) || !isCount(length) || first + length > size) {
    throw damaged('has a view of a storage that ends outside of it');
  }
  return { first, length };
}

const itemsOf = (value: PickleValue | undefined): PickleValue[] => {
  if (isKind(value, 'tuple')) return value.items;
  throw damaged(`has ${describeValue(value)} where a tuple belongs`);
};

const isCount = (value: PickleValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
