import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { type ByteSource, memorySource, openFileSource } from '../formats/byte-source.ts';
import { FormatError, locate } from '../formats/format-error.ts';
import {
  encodePngChunk,
  LARGEST_CHUNK_READ,
  listPngChunks,
  type PngChunk,
  readPngChunk,
} from './png-chunks.ts';

/** A text that a PNG file carries beside its pixels. */
export interface PngText {
  /** 1 to 79 characters of Latin-1, such as `parameters`. */
  readonly keyword: string;
  readonly text: string;
}

/** Every text of the file, in its order, compressed ones too; no pixel is decoded. */
export async function readPngText(path: string): Promise<PngText[]> {
  const source = await openFileSource(path);
  try {
    return await locate(path, () => textsOf(source));
  } finally {
    await source.close();
  }
}

/** The same for bytes in memory; `name` stands for the path in messages. */
export const parsePngText = (bytes: Uint8Array, name: string): Promise<PngText[]> =>
  locate(name, () => textsOf(memorySource(bytes, name)));

/**
 * The PNG file with these texts before its pixels; what it had under the same keywords goes. As Pillow does, a text
 * in Latin-1 becomes tEXt and any other iTXt: that is what readers of `parameters` look for.
 */
export async function withPngText(bytes: Uint8Array, texts: readonly PngText[]): Promise<Uint8Array> {
  const source = memorySource(bytes, 'picture');
  const added = texts.map(encodeText);
  const replaced = new Set(texts.map(({ keyword }) => keyword));
  const parts: Uint8Array[] = [];
  let kept = 0; // everything before this byte is among the parts
  for (const chunk of await listPngChunks(source)) {
    if (chunk.type === 'IDAT' && added.length > 0) {
      parts.push(bytes.subarray(kept, chunk.start), ...added.splice(0));
      kept = chunk.start;
    } else if (isText(chunk) && replaced.has(keywordOf(await readPngChunk(source, chunk)))) {
      parts.push(bytes.subarray(kept, chunk.start));
      kept = chunk.start + chunk.length + 12;
    }
  }
  return Buffer.concat([...parts, bytes.subarray(kept)]);
}

/** Tools write one or two; a file with thousands is up to something. */
export const MOST_TEXTS = 1000;

/** All texts of a file together, inflated. */
export const LONGEST_TEXTS = LARGEST_CHUNK_READ;

async function textsOf(source: ByteSource): Promise<PngText[]> {
  const chunks = (await listPngChunks(source)).filter(isText);
  if (chunks.length > MOST_TEXTS) {
    throw new FormatError(`has ${chunks.length} texts, more than the ${MOST_TEXTS} that are read`);
  }
  const texts: PngText[] = [];
  let room = LONGEST_TEXTS;
  for (const chunk of chunks) {
    const contents = await readPngChunk(source, chunk);
    const text = await locate(`chunk ${chunk.type} at byte ${chunk.start}`, () =>
      decoders[chunk.type as TextChunk](contents, room),
    );
    room -= text.text.length;
    texts.push(text);
  }
  return texts;
}

type TextChunk = 'tEXt' | 'zTXt' | 'iTXt';

const isText = ({ type }: PngChunk): boolean => Object.hasOwn(decoders, type);

const keywordOf = (contents: Uint8Array): string => latin1(splitAtZero(contents)[0]);

/** PNG 3rd edition, section 11.3.3. */
const decoders: { readonly [T in TextChunk]: (contents: Uint8Array, room: number) => Promise<PngText> } = {
  // keyword 0 text
  async tEXt(contents, room) {
    const [keyword, text] = splitAtZero(contents);
    return { keyword: latin1(keyword), text: latin1(within(text, room)) };
  },
  // keyword 0 method text
  async zTXt(contents, room) {
    const [keyword, rest] = splitAtZero(contents);
    return { keyword: latin1(keyword), text: latin1(await inflateText(rest, room)) };
  },
  // keyword 0 compressed method language 0 translated 0 text
  async iTXt(contents, room) {
    const [keyword, rest] = splitAtZero(contents);
    const [, afterLanguage] = splitAtZero(rest.subarray(2));
    const [, text] = splitAtZero(afterLanguage);
    const plain =
      rest[0] === 1
        ? await inflateText(Buffer.concat([rest.subarray(1, 2), text]), room)
        : within(text, room);
    return { keyword: latin1(keyword), text: utf8(plain) };
  },
};

function splitAtZero(bytes: Uint8Array): [before: Uint8Array, after: Uint8Array] {
  const zero = bytes.indexOf(0);
  if (zero === -1) throw new FormatError('has no end of its keyword; the file is damaged, fetch it again');
  return [bytes.subarray(0, zero), bytes.subarray(zero + 1)];
}

async function inflateText(bytes: Uint8Array, room: number): Promise<Uint8Array> {
  if (bytes[0] !== 0) throw new FormatError(`is compressed by the unknown method ${bytes[0]}`);
  return promisify(inflate)(bytes.subarray(1), { maxOutputLength: Math.max(room, 1) }).catch((cause) => {
    throw cause.code === 'ERR_BUFFER_TOO_LARGE'
      ? tooLong(cause)
      : new FormatError(`cannot be inflated (${cause.code}); the file is damaged, fetch it again`, { cause });
  });
}

function within(text: Uint8Array, room: number): Uint8Array {
  if (text.length > room) throw tooLong();
  return text;
}

const tooLong = (cause?: unknown): FormatError =>
  new FormatError(`takes the texts of this file beyond ${LONGEST_TEXTS} bytes; that is not read`, { cause });

function encodeText({ keyword, text }: PngText): Uint8Array {
  if (!/^[\x21-\x7e\xa1-\xff]([\x20-\x7e\xa1-\xff]{0,77}[\x21-\x7e\xa1-\xff])?$/.test(keyword)) {
    throw new FormatError(
      `PNG text: a keyword is 1 to 79 printable characters of Latin-1, got ${JSON.stringify(keyword)}`,
    );
  }
  const name = Buffer.from(keyword, 'latin1');
  if (isLatin1(text)) {
    return encodePngChunk('tEXt', Buffer.concat([name, Uint8Array.of(0), Buffer.from(text, 'latin1')]));
  }
  return encodePngChunk('iTXt', Buffer.concat([name, Uint8Array.of(0, 0, 0, 0, 0), Buffer.from(text)]));
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const utf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

/** And without zeros, which tEXt cannot hold. */
const isLatin1 = (text: string): boolean =>
  !text.includes('\0') && [...text].every((character) => character <= '\xff');
