import { locate, quote } from '../format-error.ts';
import type { LazyArray } from '../lazy-array.ts';
import { decodeElements, dtypeOf, storedBytesPerElement } from '../stored-type.ts';
import { gatherElements, spanOf } from '../strided-elements.ts';
import { damaged } from './pickle-machine.ts';
import type { NumpyArray, PickleStorage, PickleTensor } from './pickle-value.ts';
import type { MakeLazyArray } from './plain-content.ts';

/** Bytes `offset` to `offset + length` of a storage in the file, in a buffer of their own. */
export type ReadStorage = (storage: PickleStorage, offset: number, length: number) => Promise<Uint8Array>;

/** Lazy arrays that read, of their storage, the span of their view only. */
export const lazyTensors =
  (fileName: string, readStorage: ReadStorage): MakeLazyArray =>
  (array, name) => {
    const locateTensor = <T>(work: () => Promise<T>) => locate(`${fileName}: tensor ${quote(name)}`, work);
    return array.kind === 'tensor'
      ? lazyTensor(array, readStorage, locateTensor)
      : lazyNumpyArray(array, locateTensor);
  };

type Locate = <T>(work: () => Promise<T>) => Promise<T>;

function lazyTensor(tensor: PickleTensor, readStorage: ReadStorage, locateTensor: Locate): LazyArray {
  const { storage, offset, shape, strides } = tensor;
  const { type } = storage;
  const size = storedBytesPerElement(type);
  return {
    dtype: dtypeOf(type),
    shape,
    read: () =>
      locateTensor(async () => {
        const span = await readStorage(storage, offset * size, spanOf(shape, strides) * size);
        return decodeElements(type, shape, gatherElements(span, size, shape, strides));
      }),
  };
}

function lazyNumpyArray({ contents }: NumpyArray, locateTensor: Locate): LazyArray {
  if (contents === undefined) throw damaged('has a numpy array without contents');
  const { type, shape, strides, bytes } = contents;
  return {
    dtype: dtypeOf(type),
    shape,
    read: () =>
      locateTensor(async () =>
        decodeElements(
          type,
          shape,
          gatherElements(new Uint8Array(bytes), storedBytesPerElement(type), shape, strides),
        ),
      ),
  };
}
