import { bytesOf, readArray } from '../lazy-array.ts';
import { replaceFile } from '../replace-file.ts';
import { writeZip } from '../zip/write-zip.ts';
import { encodePickle, type SavableValue } from './encode-pickle.ts';

/**
 * Writes a file that `torch.load` opens (the zip format of PyTorch 1.6 and later), array by array: one lazy array
 * at a time is in memory, arrays in memory are not copied. The same content gives the same bytes.
 */
export async function writeTorchFile(path: string, content: SavableValue): Promise<void> {
  const { pickle, arrays } = encodePickle(content);
  const text = (name: string, contents: string) => ({ name, read: async () => Buffer.from(contents) });
  await replaceFile(path, (write) =>
    writeZip(write, [
      { name: 'archive/data.pkl', read: async () => pickle },
      text('archive/byteorder', 'little'),
      ...arrays.map((array, key) => ({
        name: `archive/data/${key}`,
        read: async () => bytesOf(await readArray(array)),
      })),
      text('archive/version', '3\n'),
    ]),
  );
}
