import { decodeUtf8, withLostCharacters, withNoBreakSpaces } from './damaged-utf8.ts';
import { looksGarbled } from './looks-garbled.ts';
import {
  type Bytes,
  bytesOf,
  charactersOf,
  isWindows,
  type SingleByteEncoding,
  singleByteEncodings,
} from './single-byte-encodings.ts';

/**
 * Text in UTF-8 that was read as one of ten single-byte encodings, once or several times, as it was: `cafÃ©` is café.
 * As ftfy 6.3.1 does it: a text is decoded only while it looks garbled, whole where all of it was, else in the runs
 * that were.
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
  for (const encoding of singleByteEncodings) {
    const bytes = bytesOf(text, encoding);
    const whole = bytes === undefined ? undefined : decodeUtf8(withoutDamage(bytes, encoding));
    if (whole !== undefined) return whole;
  }
  const inRuns = text.replace(utf8Run, (run) =>
    run.length < text.length && looksGarbled(run) ? repairMojibake(run) : run,
  );
  return inRuns === text ? withoutControls(text) : inRuns;
}

function withoutDamage(bytes: Bytes, encoding: SingleByteEncoding): Bytes {
  // On the Macintosh the first byte of à is a dash, which has a space behind it anyway.
  const spaced = encoding === 'macintosh' ? bytes : withNoBreakSpaces(bytes);
  return isWindows(encoding) ? withLostCharacters(spaced) : spaced;
}

/** Characters 80 … 9f, which Windows-1252 has others for. */
export const withoutControls = (text: string): string =>
  text.replace(/[\x80-\x9f]/g, (control) => {
    const byte = control.charCodeAt(0);
    return charactersOf('windows-1252', byte, byte);
  });

/** What bytes of UTF-8 are in an encoding that resembles Latin-1, as a character class without brackets. */
const characters = (first: number, last = first): string =>
  singleByteEncodings
    .filter((encoding) => encoding === 'latin-1' || isWindows(encoding))
    .map((encoding) => charactersOf(encoding, first, last))
    .join('');

const continuation = characters(0x80, 0xbf);
/** Those that hardly stand for themselves beside mojibake, which dashes, quotes, bullets and ellipses do. */
const strictContinuation = continuation.replace(/[–—―‘’‚“”„•…]/g, '');

/** Characters of UTF-8, none of whose bytes before it looks like a part of the first. */
const utf8Run = new RegExp(
  `(?<![${strictContinuation}])(` +
    `[${characters(0xc2, 0xdf)}][${continuation} ]|` +
    `[${characters(0xe0, 0xef)}][${continuation} ]{2}|` +
    `[${characters(0xf0)}${characters(0xf3)}][${continuation} ]{3})+`,
  'g',
);
