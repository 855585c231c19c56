import { repairMojibake, withoutControls } from './repair-mojibake.ts';
import { unescapeHtml } from './unescape-html.ts';

/**
 * What the Python package ftfy 6 (Speer 2019, zenodo 2591652) does to a prompt, with one difference: of mojibake only
 * UTF-8 that was read as Latin-1 or Windows-1252 is repaired (repair-mojibake.ts), not that of eight other encodings.
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
  withoutControls,
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
