import { deflateRawSync } from 'node:zlib';
import { crc32 } from '../../../src/files/formats/zip/crc32.ts';

/** An entry of a zip; whatever is given is written though it be wrong. */
export interface HandMadeEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly size?: number;
  readonly compressedSize?: number;
  readonly checksum?: number;
  readonly start?: number;
  readonly localName?: string;
  readonly extra?: Uint8Array;
}

/** A zip as ordinary tools make it, without zip64, deflated where `method` is 8. */
export function handMadeZip(entries: readonly HandMadeEntry[], comment = ''): Buffer {
  const contents: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  for (const entry of entries) {
    const { name, bytes, method = 0, flags = 0, localName = name, extra = Buffer.alloc(0) } = entry;
    const packed = method === 8 ? deflateRawSync(bytes) : Buffer.from(bytes);
    const common = Buffer.alloc(22);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(entry.checksum ?? crc32(bytes), 10);
    common.writeUInt32LE(entry.compressedSize ?? packed.length, 14);
    common.writeUInt32LE(entry.size ?? bytes.length, 18);
    const local = Buffer.concat([
      signature(0x04034b50),
      common,
      lengths(localName, 0),
      Buffer.from(localName),
      packed,
    ]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(entry.start ?? position, 10);
    directory.push(
      signature(0x02014b50),
      Buffer.alloc(2),
      common,
      lengths(name, extra.length),
      tail,
      Buffer.from(name),
      Buffer.from(extra),
    );
    contents.push(local);
    position += local.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(position, 12);
  end.writeUInt16LE(comment.length, 16);
  return Buffer.concat([...contents, ...directory, signature(0x06054b50), end, Buffer.from(comment)]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function lengths(name: string, extra: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(Buffer.byteLength(name));
  bytes.writeUInt16LE(extra, 2);
  return bytes;
}
