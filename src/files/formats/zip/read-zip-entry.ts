import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import type { ByteSource } from '../byte-source.ts';
import { FormatError, locate, quote } from '../format-error.ts';
import { crc32 } from './crc32.ts';
import { LOCAL_HEADER_BYTES, type ZipEntry } from './zip-directory.ts';

/**
 * torch.save stores without compression; a file zipped anew deflates weights to nine tenths, and only constants
 * much further. Above 16 MB, an entry that grows more than a hundredfold is taken for a bomb.
 */
export const FREELY_INFLATED_BYTES = 2 ** 24;
export const LARGEST_INFLATION = 100;

const LOCAL_SIGNATURE = 0x04034b50;

/** Stored entries are read by position; deflated ones are inflated whole, within the bound, for any part of them. */
export const readZipEntry = (
  source: ByteSource,
  entry: ZipEntry,
  offset: number,
  length: number,
): Promise<Uint8Array> =>
  locate(`zip entry ${quote(entry.name)}`, async () => {
    if (offset + length > entry.size) {
      throw new FormatError(
        `needs bytes ${offset} to ${offset + length} of ${entry.size}; the file is damaged, fetch it again`,
      );
    }
    const start = await contentsStart(source, entry);
    if (entry.method === 'stored') return source.read(start + offset, length);
    const inflated = await inflate(source, entry, start);
    return new Uint8Array(inflated.subarray(offset, offset + length)); // a Buffer's own slice would not copy
  });

/** The local header repeats the name and may pad differently: only it knows where the contents begin. */
async function contentsStart(source: ByteSource, { name, start, compressedSize }: ZipEntry): Promise<number> {
  const expectedName = Buffer.from(name);
  const header = await source.read(start, LOCAL_HEADER_BYTES + expectedName.length);
  const view = new DataView(header.buffer);
  const isSame =
    view.getUint32(0, true) === LOCAL_SIGNATURE &&
    view.getUint16(26, true) === expectedName.length &&
    expectedName.equals(header.subarray(LOCAL_HEADER_BYTES));
  const contents = start + header.length + view.getUint16(28, true);
  if (!isSame || contents + compressedSize > source.size) {
    throw new FormatError('its local header contradicts the directory; the file is damaged, fetch it again');
  }
  return contents;
}

const inflateBytes = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateRaw);

async function inflate(source: ByteSource, entry: ZipEntry, start: number): Promise<Uint8Array> {
  const { size, compressedSize, checksum } = entry;
  if (size > FREELY_INFLATED_BYTES && size > LARGEST_INFLATION * compressedSize) {
    throw new FormatError(
      `claims to inflate from ${compressedSize} to ${size} bytes, more than ${LARGEST_INFLATION} times; pack it again without compression`,
    );
  }
  const compressed = await source.read(start, compressedSize);
  const inflated = await inflateBytes(compressed, { maxOutputLength: Math.max(size, 1) }).catch((cause) => {
    throw new FormatError(
      `does not inflate to its ${size} bytes (${cause.code}); the file is damaged, fetch it again`,
      { cause },
    );
  });
  if (inflated.length !== size || crc32(inflated) !== checksum) {
    throw new FormatError(
      `inflates to ${inflated.length} bytes where ${size} with another checksum belong; the file is damaged, fetch it again`,
    );
  }
  return inflated;
}
