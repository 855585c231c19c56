import type { TorchFile } from '../array-file.ts';
import type { ByteSource } from '../byte-source.ts';
import { FormatError, locate, quote } from '../format-error.ts';
import { storedBytesPerElement } from '../stored-type.ts';
import { lazyTensors } from './lazy-tensor.ts';
import { LARGEST_PICKLE } from './open-torch-zip.ts';
import { isKind, type PickleStorage, type PickleValue } from './pickle-value.ts';
import { plainContent } from './plain-content.ts';
import { readPickle } from './read-pickle.ts';

/** torch.serialization.MAGIC_NUMBER and PROTOCOL_VERSION. */
const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;

/** Bytes before a storage's elements: their number, 64 bits, little-endian. */
const COUNT_BYTES = 8;

/**
 * Opens what torch.save wrote before PyTorch 1.6: a magic number, a version, the system, the object and the list
 * of storage keys as five pickles, then the storages in that order. Only the pickles are read at once.
 * The file closes the source; on an error the caller does.
 */
export const openTorchLegacy = (source: ByteSource): Promise<TorchFile> =>
  locate(source.name, async () => {
    const bytes = await source.read(0, Math.min(source.size, LARGEST_PICKLE));
    const magic = readPickle(bytes);
    const version = readPickle(bytes, magic.end);
    checkKind(magic.value, version.value);
    const system = readPickle(bytes, version.end);
    checkByteOrder(system.value);
    const object = readPickle(bytes, system.end);
    const keys = readPickle(bytes, object.end);
    const starts = await findStorages(source, keys.end, textsOf(keys.value), object.storages);
    const makeLazyArray = lazyTensors(source.name, ({ key }, offset, length) =>
      source.read(starts.get(key)! + offset, length),
    );
    return {
      format: 'torch',
      name: source.name,
      ...plainContent(object.value, makeLazyArray),
      metadata: new Map(),
      close: source.close,
    };
  });

function checkKind(magic: PickleValue, version: PickleValue): void {
  if (magic !== MAGIC_NUMBER || version !== PROTOCOL_VERSION) {
    throw new FormatError(
      'is a pickle but not one of torch.save, which begins with a magic number and version 1001; save it with torch.save',
    );
  }
}

function checkByteOrder(system: PickleValue): void {
  if (!isKind(system, 'dict') || system.entries.get('little_endian') !== true) {
    throw new FormatError('does not say that it is little-endian; save it on another machine');
  }
}

function textsOf(keys: PickleValue): readonly string[] {
  if (isKind(keys, 'list') && keys.items.every((item) => typeof item === 'string')) return keys.items;
  throw new FormatError('its list of storages is not a list of texts; the file is damaged, fetch it again');
}

/** The positions of the storages' first elements. */
async function findStorages(
  source: ByteSource,
  start: number,
  keys: readonly string[],
  storages: ReadonlyMap<string, PickleStorage>,
): Promise<ReadonlyMap<string, number>> {
  const starts = new Map<string, number>();
  let position = start;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined || starts.has(key)) {
      throw new FormatError(
        `lists storage ${quote(key)}, which ${storage ? 'is listed twice' : 'no tensor names'}; the file is damaged, fetch it again`,
      );
    }
    const count = new DataView((await source.read(position, COUNT_BYTES)).buffer).getBigInt64(0, true);
    if (count !== BigInt(storage.size)) {
      throw new FormatError(
        `storage ${quote(key)} has ${storage.size} elements by its tensors, ${count} by its own count; the file is damaged, fetch it again`,
      );
    }
    starts.set(key, position + COUNT_BYTES);
    position += COUNT_BYTES + storage.size * storedBytesPerElement(storage.type);
  }
  checkComplete(starts, storages, position, source.size);
  return starts;
}

function checkComplete(
  starts: ReadonlyMap<string, number>,
  storages: ReadonlyMap<string, PickleStorage>,
  end: number,
  fileSize: number,
): void {
  if (end > fileSize) {
    throw new FormatError(
      `its storages end at byte ${end} but the file at ${fileSize}; it is cut off, fetch it again`,
    );
  }
  for (const key of storages.keys()) {
    if (!starts.has(key)) {
      throw new FormatError(
        `a tensor is in storage ${quote(key)}, which the file does not list; it is damaged, fetch it again`,
      );
    }
  }
}
