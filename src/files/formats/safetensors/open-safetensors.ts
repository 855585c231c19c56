import type { SafetensorsFile } from '../array-file.ts';
import { type ByteSource, memorySource, openFileSource } from '../byte-source.ts';
import { FormatError, locate, quote } from '../format-error.ts';
import type { LazyArray } from '../lazy-array.ts';
import { decodeElements, dtypeOf } from '../stored-type.ts';
import { type ArrayRecord, parseSafetensorsHeader } from './safetensors-header.ts';

/** A header of 25 MB names some 200,000 arrays, and Stable Diffusion has 1,100: more is an attack on memory. */
export const LARGEST_HEADER = 25_000_000;

/** Bytes before the header: its length, 64 bits, little-endian. */
export const LENGTH_BYTES = 8;

/**
 * Opens a safetensors file, reading its header only; every array is read by position when asked for.
 * int8 and int16 become int32.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const source = await openFileSource(path);
  try {
    return await readSafetensors(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The same from bytes in memory; `name` stands for the path in messages. */
export const parseSafetensors = (bytes: Uint8Array, name: string): Promise<SafetensorsFile> =>
  readSafetensors(memorySource(bytes, name));

/** The file closes the source; on an error the caller does. */
export const readSafetensors = (source: ByteSource): Promise<SafetensorsFile> =>
  locate(source.name, async () => {
    const dataStart = LENGTH_BYTES + (await readHeaderLength(source));
    const text = await source.read(LENGTH_BYTES, dataStart - LENGTH_BYTES);
    const { records, metadata } = parseSafetensorsHeader(text, source.size - dataStart);
    const arrays = new Map<string, LazyArray>();
    for (const [name, record] of records) arrays.set(name, lazyArray(name, record, dataStart, source));
    return { format: 'safetensors', name: source.name, arrays, metadata, close: source.close };
  });

async function readHeaderLength(source: ByteSource): Promise<number> {
  const prefix = await source.read(0, LENGTH_BYTES);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true)); // beyond 2^53 the limit is passed anyway
  if (length > LARGEST_HEADER) {
    throw new FormatError(
      `a safetensors header has at most ${LARGEST_HEADER} bytes, this file claims ${length}; it is another format or damaged`,
    );
  }
  return length;
}

function lazyArray(name: string, record: ArrayRecord, dataStart: number, source: ByteSource): LazyArray {
  const { type, shape, begin, end } = record;
  return {
    dtype: dtypeOf(type),
    shape,
    read: () =>
      locate(`${source.name}: tensor ${quote(name)}`, async () =>
        decodeElements(type, shape, await source.read(dataStart + begin, end - begin)),
      ),
  };
}
