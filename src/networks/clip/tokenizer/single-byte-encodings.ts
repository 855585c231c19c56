/** The encodings that UTF-8 is taken for, in the order in which ftfy tries them. */
export const singleByteEncodings = [
  'latin-1',
  'windows-1252',
  'windows-1251',
  'windows-1250',
  'windows-1253',
  'windows-1254',
  'windows-1257',
  'iso-8859-2',
  'macintosh',
  'cp437',
] as const;

export type SingleByteEncoding = (typeof singleByteEncodings)[number];

/** One character a byte, so that patterns can be looked for. */
export type Bytes = string;

/**
 * What stands in a code page of Windows for a byte that cannot be told any more, U+FFFD in text. Text with this
 * control character in it was never read as such a code page.
 */
export const lostByte = '\x1a';

export const isWindows = (encoding: SingleByteEncoding): boolean => encoding.startsWith('windows');

/** The bytes that an encoding reads as the text; undefined where there are none. */
export function bytesOf(text: string, encoding: SingleByteEncoding): Bytes | undefined {
  const known = byteOf[encoding];
  let bytes = '';
  for (const character of text) {
    const byte = known.get(character);
    if (byte === undefined) return undefined;
    bytes += byte;
  }
  return bytes;
}

/** What the bytes `first` to `last`, of 80 … ff, are in an encoding. */
export const charactersOf = (encoding: SingleByteEncoding, first: number, last: number): string =>
  upperHalves[encoding].slice(first - 0x80, last + 1 - 0x80);

const upperBytes = Uint8Array.from({ length: 0x80 }, (_, index) => 0x80 + index);
const latin1 = String.fromCharCode(...upperBytes);

/** The bytes 80 … ff as characters; those that a code page leaves open stand for themselves, as in browsers. */
const upperHalves: { readonly [E in SingleByteEncoding]: string } = {
  'latin-1': latin1,
  // Not from TextDecoder, which takes Latin-1 for it in some versions of Node.
  'windows-1252': `€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ${latin1.slice(0x20)}`,
  'windows-1251': decoded('windows-1251'),
  'windows-1250': decoded('windows-1250'),
  'windows-1253': decoded('windows-1253'),
  'windows-1254': decoded('windows-1254'),
  'windows-1257': decoded('windows-1257'),
  'iso-8859-2': decoded('iso-8859-2'),
  macintosh: decoded('macintosh'),
  cp437:
    'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐' +
    '└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\xa0',
};

function decoded(encoding: string): string {
  const characters = new TextDecoder(encoding).decode(upperBytes);
  return characters.replace(/\ufffd/g, (_, index: number) => latin1[index]!);
}

const byteOf = Object.fromEntries(
  singleByteEncodings.map((encoding) => [encoding, byteTable(encoding)]),
) as unknown as { readonly [E in SingleByteEncoding]: ReadonlyMap<string, string> };

function byteTable(encoding: SingleByteEncoding): ReadonlyMap<string, string> {
  const table = new Map<string, string>();
  for (let byte = 0; byte < 0x80; byte++) table.set(String.fromCharCode(byte), String.fromCharCode(byte));
  Array.from(upperHalves[encoding], (character, index) => table.set(character, latin1[index]!));
  if (isWindows(encoding)) {
    table.delete(lostByte);
    table.set('\ufffd', lostByte);
  }
  return table;
}
