import { byteLengthOf } from '../array-extent.ts';
import { FormatError, quote } from '../format-error.ts';
import { type ArraySource, bytesOf, readArray } from '../lazy-array.ts';
import { replaceFile } from '../replace-file.ts';
import { LARGEST_HEADER, LENGTH_BYTES } from './open-safetensors.ts';
import { safetensorsTypes, typeOrder } from './safetensors-types.ts';

export type NamedArraySources = Iterable<readonly [name: string, array: ArraySource]>;

export interface SafetensorsOptions {
  /** Free text kept beside the arrays; PyTorch's readers want `format` to be `pt`. Default: none. */
  readonly metadata?: ReadonlyMap<string, string>;
}

/**
 * Writes a safetensors file, array by array: one lazy array at a time is in memory, arrays in memory are not
 * copied. The same arrays and metadata give the same bytes, in whatever order they come.
 */
export async function writeSafetensors(
  path: string,
  arrays: NamedArraySources,
  options: SafetensorsOptions = {},
): Promise<void> {
  const ordered = inFileOrder(arrays);
  const header = encodeHeader(ordered, options);
  await replaceFile(path, async (write) => {
    await write(header);
    for (const [, source] of ordered) await write(bytesOf(await readArray(source)));
  });
}

/** The bytes of such a file. */
export async function encodeSafetensors(
  arrays: NamedArraySources,
  options: SafetensorsOptions = {},
): Promise<Uint8Array> {
  const ordered = inFileOrder(arrays);
  const header = encodeHeader(ordered, options);
  const dataBytes = ordered.reduce((sum, [, { dtype, shape }]) => sum + byteLengthOf(dtype, shape), 0);
  const bytes = new Uint8Array(header.length + dataBytes);
  bytes.set(header);
  let position = header.length;
  for (const [, source] of ordered) {
    const array = bytesOf(await readArray(source));
    bytes.set(array, position);
    position += array.length;
  }
  return bytes;
}

type OrderedSources = readonly (readonly [string, ArraySource])[];

/** The reference library's order: types from wide to narrow, then names by their UTF-8 bytes. */
const inFileOrder = (arrays: NamedArraySources): OrderedSources =>
  [...arrays].sort(
    ([nameA, a], [nameB, b]) =>
      typeOrder.indexOf(b.dtype) - typeOrder.indexOf(a.dtype) || compareNames(nameA, nameB),
  );

function encodeHeader(arrays: OrderedSources, { metadata = new Map() }: SafetensorsOptions): Uint8Array {
  const header = new Map<string, string>();
  if (metadata.size > 0) header.set('__metadata__', encodeMetadata(metadata));
  let begin = 0;
  for (const [name, { dtype, shape }] of arrays) {
    checkName(name, header);
    const end = begin + byteLengthOf(dtype, shape);
    const record = { dtype: safetensorsTypes[dtype], shape, data_offsets: [begin, end] };
    header.set(name, JSON.stringify(record));
    begin = end;
  }
  return withLength(new TextEncoder().encode(jsonObject(header)));
}

function checkName(name: string, header: ReadonlyMap<string, string>): void {
  if (name === '__metadata__' || header.has(name) || !isWellFormed(name)) {
    throw new FormatError(
      `writeSafetensors: tensor names are distinct, well-formed and not "__metadata__", got ${quote(name)}; rename it`,
    );
  }
}

/** Spaces after the JSON let the data begin at a multiple of 8 bytes, as the reference library does. */
function withLength(json: Uint8Array): Uint8Array {
  const length = Math.ceil(json.length / 8) * 8;
  if (length > LARGEST_HEADER) {
    throw new FormatError(
      `writeSafetensors: a header has at most ${LARGEST_HEADER} bytes, these names and metadata need ${length}; split the file`,
    );
  }
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

const encodeMetadata = (metadata: ReadonlyMap<string, string>): string =>
  jsonObject(
    [...metadata]
      .sort(([a], [b]) => compareNames(a, b))
      .map(([key, text]) => [key, JSON.stringify(text)] as const),
  );

/** Written by hand because an object would move names such as "0" to the front. */
const jsonObject = (members: Iterable<readonly [key: string, json: string]>): string =>
  `{${[...members].map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`;

const compareNames = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** A half of a surrogate pair has no UTF-8. */
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);
