import type { WriteBytes } from '../replace-file.ts';
import { crc32 } from './crc32.ts';
import { directoryHeader, localHeader, type StoredEntry, zipEnd } from './zip-records.ts';

/** A file to be put into an archive; `read` is called once, when its turn comes. */
export interface ZipContents {
  readonly name: string;
  read(): Promise<Uint8Array>;
}

/** Writes a zip archive of stored entries, zip64 where needed; one entry at a time is in memory. */
export async function writeZip(write: WriteBytes, contents: readonly ZipContents[]): Promise<void> {
  let position = 0;
  const append = async (bytes: Uint8Array) => {
    await write(bytes);
    position += bytes.length;
  };
  const entries: StoredEntry[] = [];
  for (const { name, read } of contents) {
    const bytes = await read();
    const entry = { name, size: bytes.length, checksum: crc32(bytes), start: position };
    await append(localHeader(entry));
    await append(bytes);
    entries.push(entry);
  }
  const directoryStart = position;
  for (const entry of entries) await append(directoryHeader(entry));
  await append(zipEnd(entries.length, position - directoryStart, directoryStart));
}
