import type { TorchFile } from '../array-file.ts';
import type { ByteSource } from '../byte-source.ts';
import { FormatError, locate, quote } from '../format-error.ts';
import { storedBytesPerElement } from '../stored-type.ts';
import { openZip, type ZipArchive } from '../zip/open-zip.ts';
import type { ZipEntry } from '../zip/zip-directory.ts';
import { lazyTensors } from './lazy-tensor.ts';
import type { PickleStorage } from './pickle-value.ts';
import { plainContent } from './plain-content.ts';
import { readPickle } from './read-pickle.ts';

/** A pickle takes some 200 bytes a tensor; the largest public state dicts have under 10 MB. */
export const LARGEST_PICKLE = 2 ** 26;

/**
 * Opens what torch.save has written since PyTorch 1.6: a zip of data.pkl and one entry per storage. The pickle is
 * read at once, storages when a tensor is. The file closes the source; on an error the caller does.
 */
export const openTorchZip = (source: ByteSource): Promise<TorchFile> =>
  locate(source.name, async () => {
    const zip = await openZip(source);
    const folder = archiveFolder(zip);
    await checkByteOrder(zip, folder);
    const pickle = await readPickleEntry(zip, `${folder}data.pkl`);
    const { value, storages } = readPickle(pickle);
    const entries = new Map<string, ZipEntry>();
    for (const storage of storages.values()) entries.set(storage.key, storageEntry(zip, folder, storage));
    const makeLazyArray = lazyTensors(source.name, ({ key }, offset, length) =>
      zip.read(entries.get(key)!, offset, length),
    );
    return {
      format: 'torch',
      name: source.name,
      ...plainContent(value, makeLazyArray),
      metadata: new Map(),
      close: source.close,
    };
  });

/** torch.save puts everything into one folder of any name: the prefix of its entries, with the slash. */
function archiveFolder(zip: ZipArchive): string {
  const pickles = [...zip.entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new FormatError(
      `a file of torch.save is a zip with one folder that has a data.pkl, this zip has ${pickles.length}; it is something else`,
    );
  }
  return pickles[0]!.slice(0, -'data.pkl'.length);
}

async function checkByteOrder(zip: ZipArchive, folder: string): Promise<void> {
  const entry = zip.entries.get(`${folder}byteorder`);
  if (entry === undefined) return; // files from before PyTorch 2.1; big-endian machines were as rare then
  const order = new TextDecoder().decode(await zip.read(entry, 0, Math.min(entry.size, 16)));
  if (order !== 'little') {
    throw new FormatError(
      `its byte order is ${quote(order)}, little-endian files are read; save it on another machine`,
    );
  }
}

function readPickleEntry(zip: ZipArchive, name: string): Promise<Uint8Array> {
  const entry = zip.entries.get(name)!;
  if (entry.size > LARGEST_PICKLE) {
    throw new FormatError(
      `its data.pkl has ${entry.size} bytes, at most ${LARGEST_PICKLE} are read; save the weights alone`,
    );
  }
  return zip.read(entry, 0, entry.size);
}

function storageEntry(zip: ZipArchive, folder: string, { key, type, size }: PickleStorage): ZipEntry {
  const entry = zip.entries.get(`${folder}data/${key}`);
  const expected = size * storedBytesPerElement(type);
  if (entry?.size !== expected) {
    throw new FormatError(
      `storage ${quote(key)} is ${size} elements of ${type}, ${expected} bytes, but the zip has ${entry ? `${entry.size} bytes` : 'nothing'} under its name; the file is damaged, fetch it again`,
    );
  }
  return entry;
}
