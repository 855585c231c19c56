import type { ByteSource } from '../byte-source.ts';
import { FormatError } from '../format-error.ts';
import { readZipEntry } from './read-zip-entry.ts';
import { parseZipDirectory, type ZipEntry } from './zip-directory.ts';

/** A zip archive whose directory has been read. */
export interface ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** Bytes `offset` to `offset + length` of an entry's contents, in a buffer of their own. */
  read(entry: ZipEntry, offset: number, length: number): Promise<Uint8Array>;
}

/** torch.save writes an entry per storage; ten times the largest model of this kind has fewer. */
export const MOST_ENTRIES = 100_000;

/** Entries take some 100 bytes of directory each. */
export const LARGEST_DIRECTORY = 2 ** 25;

const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
const ZIP64_LOCATOR_BYTES = 20;
const ZIP64_END_SIGNATURE = 0x06064b50;
const ZIP64_END_BYTES = 56;

/** Opens a zip archive of any size, zip64 included; reads its directory only. */
export async function openZip(source: ByteSource): Promise<ZipArchive> {
  const { count, size, start } = await findDirectory(source);
  if (count > MOST_ENTRIES || size > LARGEST_DIRECTORY) {
    throw new FormatError(
      `its zip directory claims ${count} entries in ${size} bytes, at most ${MOST_ENTRIES} in ${LARGEST_DIRECTORY} are read; it holds something else than weights`,
    );
  }
  const entries = parseZipDirectory(await source.read(start, size), count, start);
  return { entries, read: (entry, offset, length) => readZipEntry(source, entry, offset, length) };
}

interface DirectoryPlace {
  readonly count: number;
  readonly size: number;
  readonly start: number;
}

/** By the record at the end of the file, or by its zip64 successor where there is one. */
async function findDirectory(source: ByteSource): Promise<DirectoryPlace> {
  const tailStart = Math.max(0, source.size - END_BYTES - LONGEST_COMMENT - ZIP64_LOCATOR_BYTES);
  const tail = new DataView((await source.read(tailStart, source.size - tailStart)).buffer);
  const end = findEnd(tail);
  const place = (await zip64Place(source, tail, end - ZIP64_LOCATOR_BYTES)) ?? {
    count: tail.getUint16(end + 10, true),
    size: tail.getUint32(end + 12, true),
    start: tail.getUint32(end + 16, true),
  };
  if (place.start + place.size > tailStart + end) {
    throw new FormatError('its zip directory is not where its end says; the file is damaged, fetch it again');
  }
  return place;
}

/** The last record whose comment ends with the file. */
function findEnd(tail: DataView): number {
  for (let position = tail.byteLength - END_BYTES; position >= 0; position--) {
    if (
      tail.getUint32(position, true) === END_SIGNATURE &&
      position + END_BYTES + tail.getUint16(position + 20, true) === tail.byteLength
    ) {
      return position;
    }
  }
  throw new FormatError('is a zip without its end; the file is cut off, fetch it again');
}

async function zip64Place(
  source: ByteSource,
  tail: DataView,
  locator: number,
): Promise<DirectoryPlace | undefined> {
  if (locator < 0 || tail.getUint32(locator, true) !== ZIP64_LOCATOR_SIGNATURE) return undefined;
  const position = Number(tail.getBigUint64(locator + 8, true));
  const record = new DataView((await source.read(position, ZIP64_END_BYTES)).buffer);
  if (record.getUint32(0, true) !== ZIP64_END_SIGNATURE) {
    throw new FormatError('its zip64 record is not where it should be; the file is damaged, fetch it again');
  }
  return {
    count: Number(record.getBigUint64(32, true)),
    size: Number(record.getBigUint64(40, true)),
    start: Number(record.getBigUint64(48, true)),
  };
}
