import { type Bytes, lostByte } from './single-byte-encodings.ts';

/**
 * Text of UTF-8, in which astral characters may be pairs of surrogates (CESU-8) and NUL may be two bytes, as Java has
 * them; undefined if the bytes are not such. A last line break after an incomplete one of these is taken for a part of
 * it, as ftfy does.
 */
export function decodeUtf8(bytes: Bytes): string | undefined {
  const standard = bytes.replace(surrogates, fourBytes).replace(/\xc0(?:\x80|\n$)/g, '\0');
  try {
    return utf8.decode(Uint8Array.from(standard, (byte) => byte.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const surrogates = /\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf](?:[\x80-\xbf]|\n$)/g;

/** 1010abcd 10efghij and 1011klmn 10opqrst make the code point 10000₁₆ + abcdefghijklmnopqrst₂. */
function fourBytes(pair: Bytes): Bytes {
  const bits = (index: number, mask: number) => pair.charCodeAt(index) & mask;
  const low = (bits(1, 0x0f) << 16) | (bits(2, 0x3f) << 10) | (bits(4, 0x0f) << 6) | bits(5, 0x3f);
  const codePoint = 0x10000 + low;
  const bytes = [
    0xf0 | (codePoint >> 18),
    0x80 | ((codePoint >> 12) & 0x3f),
    0x80 | ((codePoint >> 6) & 0x3f),
    0x80 | (codePoint & 0x3f),
  ];
  return String.fromCharCode(...bytes);
}

/** No-break spaces that became plain ones, where UTF-8 lacks one; behind the word à another is to be. */
export const withNoBreakSpaces = (bytes: Bytes): Bytes =>
  bytes
    .replace(/\xc3 (?! |quele|quela|quilo|s )/g, '\xc3\xa0 ')
    .replace(spacedSequence, (sequence) => sequence.replaceAll(' ', '\xa0'));

const [byte, likely] = ['[\\x80-\\xbf]', '[\\x80-\\x84\\x86-\\x9f\\xa1-\\xbf]'];
const spacedSequence = new RegExp(
  [
    '[\\xc2\\xc3\\xc5\\xce\\xd0\\xd9] ', // whose characters are common: à, Š, Π, Р
    `[\\xe2\\xe3] ${likely}|[\\xe0-\\xe3]${likely} `,
    `\\xf0( ${byte}{2}|${byte} ${byte}|${byte}{2} )`,
  ].join('|'),
  'g',
);

/** Sequences with a lost byte in them, which some write as ?, become U+FFFD: the whole character is lost. */
export const withLostCharacters = (bytes: Bytes): Bytes => bytes.replace(lossySequence, '\xef\xbf\xbd');

const [kept, lost] = [`[\\x80-\\xbf${lostByte}]`, `[?${lostByte}]`];
const [high, low] = ['\\xed[\\xa0-\\xaf]', '\\xed[\\xb0-\\xbf]'];
const lossySequence = new RegExp(
  [
    `[\\xc2-\\xdf]${lostByte}|[\\xc2\\xc3]\\?`,
    `${high}${lost}${low}[?\\x80-\\xbf${lostByte}]|${high}[?\\x80-\\xbf${lostByte}]${low}${lost}`,
    `[\\xe0-\\xef](${lost}${kept}|${kept}${lost})`,
    `[\\xf0-\\xf4](${lost}${kept}{2}|${kept}${lost}${kept}|${kept}{2}${lost})`,
    lostByte,
  ].join('|'),
  'g',
);
