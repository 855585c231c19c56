import type { Shape } from '../../../engine/arrays/index.ts';
import { asShape, byteLengthOf } from '../array-extent.ts';
import { FormatError, located, quote } from '../format-error.ts';
import type { StoredType } from '../stored-type.ts';
import { parseStrictJson } from '../strict-json.ts';
import { typesByName } from './safetensors-types.ts';

/** Where an array lies: bytes `begin` to `end` after the header. */
export interface ArrayRecord {
  readonly type: StoredType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of the data. */
  readonly records: ReadonlyMap<string, ArrayRecord>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Levels of a header: the object, an array's entry, its shape. */
const DEEPEST_HEADER = 3;

/**
 * Reads the JSON header, as strictly as the reference library: the arrays fill the `dataBytes` bytes after it
 * exactly, without overlaps and without holes in which something could hide.
 * Format: https://github.com/huggingface/safetensors#format
 */
export function parseSafetensorsHeader(bytes: Uint8Array, dataBytes: number): SafetensorsHeader {
  const header = parseStrictJson(bytes, DEEPEST_HEADER);
  if (!isObject(header)) {
    throw new FormatError('its header is not a JSON object; the file is not safetensors or is damaged');
  }
  const { __metadata__: metadata = {}, ...entries } = header;
  const records = Object.entries(entries)
    .map(([name, entry]) => [name, parseRecord(name, entry)] as const)
    .sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkCoverage(records, dataBytes);
  return { records: new Map(records), metadata: parseMetadata(metadata) };
}

function parseRecord(name: string, entry: unknown): ArrayRecord {
  try {
    if (!isObject(entry)) throw new FormatError('its header entry is not an object; fetch the file again');
    const { dtype, data_offsets: offsets } = entry;
    const type = typeof dtype === 'string' ? typesByName.get(dtype) : undefined;
    if (type === undefined) {
      throw new FormatError(
        `its dtype is ${quote(String(dtype))}, which is none of ${[...typesByName.keys()].join(', ')}; convert it to one of them`,
      );
    }
    const shape = asShape(entry.shape);
    const [begin, end] = parseOffsets(offsets);
    const expected = byteLengthOf(type, shape);
    if (end - begin !== expected) {
      throw new FormatError(
        `${dtype} [${shape.join(', ')}] takes ${expected} bytes, its offsets ${begin} to ${end} hold ${end - begin}; the header is damaged, fetch the file again`,
      );
    }
    return { type, shape, begin, end };
  } catch (error) {
    throw located(`tensor ${quote(name)}`, error);
  }
}

function parseOffsets(offsets: unknown): readonly [number, number] {
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0 || end < begin) {
    throw new FormatError(
      'its data_offsets are not two whole numbers 0 ≤ begin ≤ end; the header is damaged, fetch the file again',
    );
  }
  return [begin, end];
}

function checkCoverage(records: readonly (readonly [string, ArrayRecord])[], dataBytes: number): void {
  let covered = 0;
  for (const [name, { begin, end }] of records) {
    if (begin !== covered) {
      throw new FormatError(
        `tensor ${quote(name)}: expected to begin at byte ${covered} where the one before ends, begins at ${begin}, ${begin < covered ? 'overlapping it' : 'leaving a hole'}; the header is damaged, fetch the file again`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new FormatError(
      `its header describes ${covered} bytes of data but ${dataBytes} follow; ${covered > dataBytes ? 'the file is cut off' : 'something was appended'}, fetch it again`,
    );
  }
}

function parseMetadata(metadata: unknown): ReadonlyMap<string, string> {
  const entries = isObject(metadata) ? Object.entries(metadata) : undefined;
  if (!entries?.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    throw new FormatError('its __metadata__ is not an object of strings; the header is damaged');
  }
  return new Map(entries);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
