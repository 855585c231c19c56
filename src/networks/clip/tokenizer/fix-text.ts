import { unescapeHtml } from './unescape-html.ts';

/**
 * What the Python package ftfy 6 (Speer 2019, zenodo 2591652) does to a prompt, with one difference: of mojibake only
 * UTF-8 that was read as Windows-1252 is repaired, in the sequences that punctuation, Western letters and emoji turn
 * into (`â€œ`, `Ã©`, `ðŸ˜€`), which nobody writes on purpose. ftfy weighs by a table of improbable neighbours whether a
 * whole text becomes likelier by decoding it anew, from eight other encodings too; `Å¡` for š it repairs, this not.
 */
export function fixText(text: string): string {
  // A text with a "<" in it is HTML, whose entities are left alone.
  const all = text.includes('<') ? repairs : [unescapeHtml, ...repairs];
  let fixed = text;
  // Text may be garbled more than once.
  for (let round = 0; round < mostRounds; round++) {
    const before = fixed;
    fixed = all.reduce((text, repair) => repair(text), before).normalize('NFC');
    if (fixed === before) break;
  }
  return fixed;
}

const mostRounds = 8;

const repairs: readonly ((text: string) => string)[] = [
  repairMojibake,
  // Windows-1252's characters 80 … 9f, read as Latin-1
  (text) => text.replace(/[\x80-\x9f]/g, (c) => windows1252[c.charCodeAt(0) - 0x80]!),
  // Ligatures and digraphs
  (text) =>
    text.replace(/[\ufb00-\ufb06Ĳĳŉ\u01c4-\u01cc\u01f1-\u01f3]/g, (c) => ligatures[c] ?? c.normalize('NFKC')),
  // Full-width and half-width forms
  (text) => text.replace(/[\uff01-\uffef]/g, (c) => c.normalize('NFKC')).replaceAll('\u3000', ' '),
  (text) => text.replace(/[\u02bc\u2018-\u201b]/g, "'").replace(/[\u201c-\u201f]/g, '"'),
  (text) => text.replace(/\r\n|[\r\u2028\u2029]/g, '\n'),
  (text) => text.replace(/\p{Cs}/gu, '\ufffd'),
  // Colours of a terminal
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  (text) => text.replace(/\x1b\[[\d;]*[a-zA-Z]/g, ''),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  (text) => text.replace(/[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g, ''),
];

const ligatures: { readonly [ligature: string]: string } = { ﬅ: 'ſt', ŉ: 'ʼn' };

function repairMojibake(text: string): string {
  return text.replace(garbled, (sequence) => {
    const bytes = Array.from(sequence, (character) => {
      const index = windows1252.indexOf(character);
      return index === -1 ? character.charCodeAt(0) : 0x80 + index;
    });
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
    } catch {
      return sequence;
    }
  });
}

/** Bytes 80 … 9f of Windows-1252; the five that it leaves open stand for themselves. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Â or Ã and one continuation byte, â and two of which the first is in 80 … 9f, ï»¿ (a BOM), ðŸ and two. */
const continuation = `[\\x80-\\x9f\\xa0-\\xbf${windows1252}]`;
const garbled = new RegExp(
  `[ÂÃ]${continuation}|â[\\x80-\\x9f${windows1252}]${continuation}|ï»¿|ð[\\x9fŸ]${continuation}{2}`,
  'g',
);
