/** A stored entry as it is written. */
export interface StoredEntry {
  readonly name: string;
  readonly size: number;
  readonly checksum: number;
  /** Position of the local header. */
  readonly start: number;
}

/** PyTorch maps storages into memory and aligns them so; the padding is an extra field that zip tools skip. */
const ALIGNMENT = 64;
const PADDING_EXTRA = 0x4246;
const ZIP64_EXTRA = 0x0001;

const VERSION_NEEDED = 45; // 4.5: zip64
const UTF8_NAMES = 0x0800;
const FIRST_OF_JANUARY_1980 = 0x0021; // no clock: the same contents give the same file
const IN_ZIP64 = 0xffffffff;

/** The header before an entry's bytes; they begin at a multiple of 64. */
export function localHeader({ name, size, checksum, start }: StoredEntry): Uint8Array {
  const nameBytes = new TextEncoder().encode(name);
  const zip64 = zip64Extra(size >= IN_ZIP64 ? [size, size] : []);
  const unpadded = start + 30 + nameBytes.length + zip64.length + 4;
  const padding = (ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT;
  const extra = concatenate(zip64, fields([PADDING_EXTRA, 2], [padding, 2]), new Uint8Array(padding));
  return concatenate(
    fields([0x04034b50, 4]),
    commonFields(checksum, size),
    fields([nameBytes.length, 2], [extra.length, 2]),
    nameBytes,
    extra,
  );
}

/** The same in the directory at the end. */
export function directoryHeader({ name, size, checksum, start }: StoredEntry): Uint8Array {
  const nameBytes = new TextEncoder().encode(name);
  const extra = zip64Extra([
    ...(size >= IN_ZIP64 ? [size, size] : []),
    ...(start >= IN_ZIP64 ? [start] : []),
  ]);
  return concatenate(
    fields([0x02014b50, 4], [VERSION_NEEDED, 2]),
    commonFields(checksum, size),
    // Lengths of name, extra field and comment; disk; attributes inside and outside; position.
    fields([nameBytes.length, 2], [extra.length, 2], [0, 2], [0, 2], [0, 2], [0, 4], [clip(start, 4), 4]),
    nameBytes,
    extra,
  );
}

/** What follows the directory: the zip64 record always, so that there is one form for every size. */
export function zipEnd(count: number, directorySize: number, directoryStart: number): Uint8Array {
  const end = directoryStart + directorySize;
  return concatenate(
    fields([0x06064b50, 4], [44, 8], [VERSION_NEEDED, 2], [VERSION_NEEDED, 2], [0, 4], [0, 4]),
    fields([count, 8], [count, 8], [directorySize, 8], [directoryStart, 8]),
    fields([0x07064b50, 4], [0, 4], [end, 8], [1, 4]),
    fields([0x06054b50, 4], [0, 2], [0, 2], [clip(count, 2), 2], [clip(count, 2), 2]),
    fields([clip(directorySize, 4), 4], [clip(directoryStart, 4), 4], [0, 2]),
  );
}

/** Version, flags, method, time, date, checksum, both sizes: alike in both headers. */
const commonFields = (checksum: number, size: number): Uint8Array =>
  fields(
    [VERSION_NEEDED, 2],
    [UTF8_NAMES, 2],
    [0, 2],
    [0, 2],
    [FIRST_OF_JANUARY_1980, 2],
    [checksum, 4],
    [clip(size, 4), 4],
    [clip(size, 4), 4],
  );

const zip64Extra = (values: readonly number[]): Uint8Array =>
  values.length === 0
    ? new Uint8Array()
    : fields(
        [ZIP64_EXTRA, 2],
        [8 * values.length, 2],
        ...values.map((value): [number, number] => [value, 8]),
      );

/** The value, or all ones where it does not fit and stands in a zip64 field. */
const clip = (value: number, bytes: number): number => Math.min(value, 2 ** (8 * bytes) - 1);

/** Little-endian numbers one after another. */
function fields(...values: readonly (readonly [value: number, bytes: number])[]): Uint8Array {
  const result = new Uint8Array(values.reduce((sum, [, bytes]) => sum + bytes, 0));
  let position = 0;
  for (const [value, bytes] of values) {
    for (let byte = 0; byte < bytes; byte++) result[position++] = Math.floor(value / 2 ** (8 * byte)) % 256;
  }
  return result;
}

const concatenate = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
