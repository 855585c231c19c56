/** CRC-32 of zip files (polynomial 0xedb88320, reflected), eight bytes a turn; zlib.crc32 is newer than Node 20.9. */
export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  let position = 0;
  for (const end = bytes.length - 7; position < end; position += 8) {
    crc ^=
      bytes[position]! |
      (bytes[position + 1]! << 8) |
      (bytes[position + 2]! << 16) |
      (bytes[position + 3]! << 24);
    crc =
      tables[7]![crc & 0xff]! ^
      tables[6]![(crc >>> 8) & 0xff]! ^
      tables[5]![(crc >>> 16) & 0xff]! ^
      tables[4]![crc >>> 24]! ^
      tables[3]![bytes[position + 4]!]! ^
      tables[2]![bytes[position + 5]!]! ^
      tables[1]![bytes[position + 6]!]! ^
      tables[0]![bytes[position + 7]!]!;
  }
  for (; position < bytes.length; position++) {
    crc = tables[0]![(crc ^ bytes[position]!) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** `tables[k][b]`: the remainder of byte b followed by k zero bytes. */
const tables: readonly Int32Array[] = tabulate();

function tabulate(): Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
    return remainder;
  });
  const all = [first];
  for (let zeros = 1; zeros < 8; zeros++) {
    all.push(all[zeros - 1]!.map((remainder) => first[remainder & 0xff]! ^ (remainder >>> 8)));
  }
  return all;
}
