import { FormatError, quote } from '../format-error.ts';

/** One file of a zip archive, as the central directory describes it. */
export interface ZipEntry {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  readonly compressedSize: number;
  readonly size: number;
  readonly checksum: number;
  /** Position of the local header. */
  readonly start: number;
}

const DIRECTORY_SIGNATURE = 0x02014b50;
const DIRECTORY_HEADER_BYTES = 46;
/** Of the header before an entry's contents, without name and extra field. */
export const LOCAL_HEADER_BYTES = 30;
const ZIP64_EXTRA = 0x0001;

/** A value that stands in the zip64 extra field instead. */
const IN_ZIP64 = 0xffffffff;

/**
 * Reads the entries of a central directory: distinct, harmless names, stored or deflated, not encrypted, not
 * overlapping each other or the directory. Format: PKWARE's APPNOTE.TXT 6.3, section 4.3.12.
 * @param directoryStart position of the directory in the file, where the last entry must have ended.
 */
export function parseZipDirectory(
  bytes: Uint8Array,
  count: number,
  directoryStart: number,
): ReadonlyMap<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  let position = 0;
  for (let index = 0; index < count; index++) {
    const { entry, end } = parseEntry(bytes, position);
    if (entries.has(entry.name)) {
      throw new FormatError(
        `its zip has the entry ${quote(entry.name)} twice; the file is not to be trusted, fetch it again`,
      );
    }
    entries.set(entry.name, entry);
    position = end;
  }
  checkNoOverlap([...entries.values()], directoryStart);
  return entries;
}

function parseEntry(bytes: Uint8Array, position: number): { entry: ZipEntry; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset + position, bytes.length - position);
  if (view.byteLength < DIRECTORY_HEADER_BYTES || view.getUint32(0, true) !== DIRECTORY_SIGNATURE) {
    throw damagedDirectory();
  }
  const nameLength = view.getUint16(28, true);
  const extraLength = view.getUint16(30, true);
  const nameEnd = DIRECTORY_HEADER_BYTES + nameLength;
  const end = nameEnd + extraLength + view.getUint16(32, true);
  if (end > view.byteLength) throw damagedDirectory();
  const name = decodeName(bytes.subarray(position + DIRECTORY_HEADER_BYTES, position + nameEnd));
  const extra = bytes.subarray(position + nameEnd, position + nameEnd + extraLength);
  const [size, compressedSize, start] = resolveZip64(
    [view.getUint32(24, true), view.getUint32(20, true), view.getUint32(42, true)],
    extra,
  );
  checkNotEncrypted(name, view.getUint16(8, true));
  const method = methodOf(name, view.getUint16(10, true));
  if (method === 'stored' && size !== compressedSize) throw damagedDirectory();
  const checksum = view.getUint32(16, true);
  return { entry: { name, method, compressedSize, size, checksum, start }, end: position + end };
}

/** Nothing is ever extracted under these names, but a file that has such a name means harm to somebody. */
function decodeName(bytes: Uint8Array): string {
  const name = new TextDecoder().decode(bytes);
  if (name === '' || /^[/\\]|^[a-z]:|\\|\0/i.test(name) || name.split('/').includes('..')) {
    throw new FormatError(
      `its zip has the entry ${quote(name)}, which is not a path inside the archive; do not trust this file`,
    );
  }
  return name;
}

/** The zip64 extra field holds, in this order, those of the three that did not fit into 32 bits. */
function resolveZip64(
  values: readonly [size: number, compressedSize: number, start: number],
  extra: Uint8Array,
): readonly [number, number, number] {
  if (!values.includes(IN_ZIP64)) return values;
  const view = zip64Field(extra);
  let position = 0;
  const resolve = (value: number): number => {
    if (value !== IN_ZIP64) return value;
    if (position + 8 > view.byteLength) throw damagedDirectory();
    const large = Number(view.getBigUint64(position, true));
    position += 8;
    if (!Number.isSafeInteger(large)) throw damagedDirectory();
    return large;
  };
  return [resolve(values[0]), resolve(values[1]), resolve(values[2])];
}

function zip64Field(extra: Uint8Array): DataView {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.byteLength);
  for (let position = 0; position + 4 <= view.byteLength; ) {
    const length = view.getUint16(position + 2, true);
    if (position + 4 + length > view.byteLength) break;
    if (view.getUint16(position, true) === ZIP64_EXTRA) {
      return new DataView(extra.buffer, extra.byteOffset + position + 4, length);
    }
    position += 4 + length;
  }
  throw damagedDirectory();
}

function checkNotEncrypted(name: string, flags: number): void {
  if ((flags & 1) !== 0) {
    throw new FormatError(`the zip entry ${quote(name)} is encrypted; decrypt the file first`);
  }
}

function methodOf(name: string, method: number): ZipEntry['method'] {
  if (method === 0) return 'stored';
  if (method === 8) return 'deflated';
  throw new FormatError(
    `the zip entry ${quote(name)} has compression method ${method}, stored (0) and deflated (8) are read; pack it again without compression`,
  );
}

/** Entries that share bytes are how a small zip unpacks to petabytes (Fifield, A better zip bomb, 2019). */
function checkNoOverlap(entries: readonly ZipEntry[], directoryStart: number): void {
  const ordered = entries.toSorted((a, b) => a.start - b.start);
  for (const [index, { name, start, compressedSize }] of ordered.entries()) {
    const limit = ordered[index + 1]?.start ?? directoryStart;
    const end = start + LOCAL_HEADER_BYTES + Buffer.byteLength(name) + compressedSize;
    if (end > limit) {
      throw new FormatError(
        `the zip entry ${quote(name)} ends at byte ${end}, beyond ${limit} where the next part begins; the file is damaged, fetch it again`,
      );
    }
  }
}

const damagedDirectory = (): FormatError =>
  new FormatError('its zip directory cannot be read; the file is damaged, fetch it again');
