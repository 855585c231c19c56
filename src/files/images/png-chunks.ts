import type { ByteSource } from '../formats/byte-source.ts';
import { FormatError, quote } from '../formats/format-error.ts';
import { crc32 } from '../formats/zip/crc32.ts';

/** A chunk's place in a PNG file (PNG 3rd edition, section 5.3): length, type, contents, CRC. */
export interface PngChunk {
  readonly type: string;
  /** Where its length stands. */
  readonly start: number;
  /** Of the contents. */
  readonly length: number;
}

export const PNG_SIGNATURE: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** libpng writes 8 KiB a chunk: a million chunks are 8 GiB, more than any picture here. */
export const MOST_CHUNKS = 2 ** 20;

/** Contents that are read into memory; pixels never are. A workflow in JSON takes a few hundred kilobytes. */
export const LARGEST_CHUNK_READ = 2 ** 24;

const FRAME_BYTES = 12;

/**
 * All chunks from the signature to IEND; contents are neither read nor checked.
 * @throws {FormatError} without the name of the source
 */
export async function listPngChunks(source: ByteSource): Promise<PngChunk[]> {
  const signature = await source.read(0, Math.min(PNG_SIGNATURE.length, source.size));
  if (Buffer.compare(signature, PNG_SIGNATURE) !== 0) throw new FormatError('is not a PNG file');
  const chunks: PngChunk[] = [];
  for (let start = PNG_SIGNATURE.length; chunks.at(-1)?.type !== 'IEND'; ) {
    if (chunks.length === MOST_CHUNKS) {
      throw new FormatError(`has more than ${MOST_CHUNKS} chunks; it is not a picture to be trusted`);
    }
    const chunk = await readFrame(source, start);
    chunks.push(chunk);
    start += FRAME_BYTES + chunk.length;
  }
  return chunks;
}

/** The contents, their CRC checked. */
export async function readPngChunk(
  source: ByteSource,
  { type, start, length }: PngChunk,
): Promise<Uint8Array> {
  if (length > LARGEST_CHUNK_READ) {
    throw new FormatError(
      `chunk ${type} has ${length} bytes, more than the ${LARGEST_CHUNK_READ} read at once`,
    );
  }
  const frame = await source.read(start, FRAME_BYTES + length);
  const view = new DataView(frame.buffer, frame.byteOffset);
  if (crc32(frame.subarray(4, 8 + length)) !== view.getUint32(8 + length)) {
    throw new FormatError(`chunk ${type} at byte ${start} does not have its checksum; fetch the file again`);
  }
  return frame.subarray(8, 8 + length);
}

/** A whole chunk, ready to stand in a file. */
export function encodePngChunk(type: string, contents: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES + contents.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, contents.length);
  frame.set(Buffer.from(type, 'latin1'), 4);
  frame.set(contents, 8);
  view.setUint32(8 + contents.length, crc32(frame.subarray(4, 8 + contents.length)));
  return frame;
}

async function readFrame(source: ByteSource, start: number): Promise<PngChunk> {
  if (start + FRAME_BYTES > source.size) {
    throw new FormatError(`is cut off at byte ${source.size}, before its last chunk; fetch it again`);
  }
  const head = await source.read(start, 8);
  const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
  const type = Buffer.from(head.subarray(4)).toString('latin1');
  if (!/^[A-Za-z]{4}$/.test(type)) {
    throw new FormatError(
      `has a chunk of the type ${quote(type)} at byte ${start}; it is damaged, fetch it again`,
    );
  }
  if (start + FRAME_BYTES + length > source.size) {
    throw new FormatError(
      `has a chunk ${type} of ${length} bytes at byte ${start}, but ends at ${source.size}; fetch it again`,
    );
  }
  return { type, start, length };
}
