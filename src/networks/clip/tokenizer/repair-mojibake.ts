import { looksGarbled } from './looks-garbled.ts';

/**
 * Text in UTF-8 that was read as Latin-1 or Windows-1252, once or several times, as it was: `cafÃ©` is café. As ftfy 6
 * does it: a text is decoded only while it looks garbled, whole where all of it was, else in the runs that were. What
 * was read as one of the eight other encodings that ftfy tries (Windows-1250 and 1251, MacRoman, …) stays garbled, and
 * so do surrogates in UTF-8.
 */
export function repairMojibake(text: string): string {
  let repaired = text;
  // Each decoding is shorter, or has fewer control characters.
  for (let before = ''; repaired !== before; ) {
    before = repaired;
    repaired = repairOnce(before);
  }
  return repaired;
}

function repairOnce(text: string): string {
  if (!looksGarbled(text)) return text;
  const whole = decodedFrom(latin1Bytes(text)) ?? decodedFrom(withLostBytes(windows1252Bytes(text)));
  if (whole !== undefined) return whole;
  const inRuns = text.replace(utf8Run, (run) =>
    run.length < text.length && looksGarbled(run) ? repairMojibake(run) : run,
  );
  return inRuns === text ? withoutControls(text) : inRuns;
}

/** Bytes 80 … 9f of Windows-1252; the five that it leaves open stand for themselves. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Windows-1252's characters 80 … 9f, read as Latin-1. */
export const withoutControls = (text: string): string =>
  text.replace(/[\x80-\x9f]/g, (control) => windows1252[control.charCodeAt(0) - 0x80]!);

/** One character a byte, so that patterns can be looked for; undefined if there are other characters in the text. */
type Bytes = string | undefined;

const latin1Bytes = (text: string): Bytes => (/[\u0100-\uffff]/.test(text) ? undefined : text);

/** What became of a byte that cannot be told any more, and what stands for it among bytes. */
const [lostCharacter, lostByte] = ['\ufffd', '\u0100'];

function windows1252Bytes(text: string): Bytes {
  let bytes = '';
  for (const character of text) {
    const index = windows1252.indexOf(character);
    if (index !== -1) bytes += String.fromCharCode(0x80 + index);
    else if (character === lostCharacter) bytes += lostByte;
    else if (character < '\x80' || (character >= '\xa0' && character <= '\xff')) bytes += character;
    else return undefined;
  }
  return bytes;
}

/** Sequences of UTF-8 with a lost byte in them, which some write as ?: the whole character is lost. */
const withLostBytes = (bytes: Bytes): Bytes => bytes?.replace(lossySequence, '\xef\xbf\xbd');

const [kept, lost] = ['[\\x80-\\xbf\u0100]', '[?\u0100]'];
const lossySequence = new RegExp(
  [
    '[\\xc2-\\xdf]\u0100|[\\xc2\\xc3]\\?',
    `[\\xe0-\\xef](${lost}${kept}|${kept}${lost})`,
    `[\\xf0-\\xf4](${lost}${kept}{2}|${kept}${lost}${kept}|${kept}{2}${lost})`,
    '\u0100',
  ].join('|'),
  'g',
);

/** No-break spaces that became plain ones, where UTF-8 lacks one; behind the word à another is to be. */
const withNoBreakSpaces = (bytes: string): string =>
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

function decodedFrom(bytes: Bytes): string | undefined {
  if (bytes === undefined) return undefined;
  try {
    return utf8.decode(Uint8Array.from(withNoBreakSpaces(bytes), (byte) => byte.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const continuation = `[\\x80-\\xbf ${windows1252}]`;

/** Characters of UTF-8, none of whose bytes before it looks like a part of the first. */
const utf8Run = new RegExp(
  `(?<![\\x80-\\xbf€ƒ†‡ˆ‰Š‹Œ˜™š›œžŸŽ])([Â-ß]${continuation}|[à-ï]${continuation}{2}|[ðó]${continuation}{3})+`,
  'g',
);
