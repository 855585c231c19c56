import { FormatError } from '../format-error.ts';

/** Reads the arguments of opcodes one after another; asking for more than there is refuses the file. */
export class PickleReader {
  position: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, position: number) {
    this.position = position;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint8 = (): number => this.#view.getUint8(this.#advance(1));
  uint16 = (): number => this.#view.getUint16(this.#advance(2), true);
  uint32 = (): number => this.#view.getUint32(this.#advance(4), true);
  int32 = (): number => this.#view.getInt32(this.#advance(4), true);
  /** Python's floats are the one big-endian thing in a pickle. */
  float64 = (): number => this.#view.getFloat64(this.#advance(8), false);

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(length: number): string {
    return decodeUtf8(this.bytes(length));
  }

  /** Up to the next line feed, which is left out. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end === -1 || end - this.position > LONGEST_LINE) {
      throw new FormatError(
        `a name in its pickle has more than ${LONGEST_LINE} bytes; the file is damaged, fetch it again`,
      );
    }
    const text = this.text(end - this.position);
    this.position++;
    return text;
  }

  /** A two's-complement integer; a bigint only beyond 2^53. */
  integer(length: number): number | bigint {
    if (length > LONGEST_INTEGER) {
      throw new FormatError(
        `an integer in its pickle has ${length} bytes, at most ${LONGEST_INTEGER} are read; the file holds something else than weights`,
      );
    }
    const value = this.bytes(length).reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  #advance(length: number): number {
    const start = this.position;
    if (start + length > this.#bytes.length) {
      throw new FormatError('its pickle ends in the middle; the file is cut off, fetch it again');
    }
    this.position += length;
    return start;
  }
}

/** Twice the longest module path and class name of PyTorch. */
const LONGEST_LINE = 200;

/** torch writes 64-bit integers, and a 10-byte number marks its legacy files; arithmetic on longer ones is slow. */
const LONGEST_INTEGER = 16;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new FormatError('a text in its pickle is not UTF-8; the file is damaged, fetch it again', {
      cause,
    });
  }
}
