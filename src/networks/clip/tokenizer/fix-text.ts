import { repairMojibake, withoutControls } from './repair-mojibake.ts';
import { unescapeHtml } from './unescape-html.ts';

/**
 * What `fix_text` of the Python package ftfy 6.3.1 (Speer 2019, zenodo 2591652) does to a text of at most a million
 * characters, line by line. From the first line with a "<" in it on, the text is HTML, whose entities are left alone.
 */
export function fixText(text: string): string {
  const lines = text.split(/(?<=\n)/);
  const firstOfHtml = lines.findIndex((line) => line.includes('<'));
  const isHtml = (index: number) => firstOfHtml !== -1 && index >= firstOfHtml;
  return lines
    .map((line, index) => fixLine(line, isHtml(index) ? repairs : [unescapeHtml, ...repairs]))
    .join('');
}

type Repair = (text: string) => string;

/** A repair may bring to light what another one is for: entities of entities, garbled entities. */
function fixLine(line: string, repairs: readonly Repair[]): string {
  let fixed = line;
  for (let round = 0; round < mostRounds; round++) {
    const before = fixed;
    fixed = repairs.reduce((text, repair) => repair(text), before).normalize('NFC');
    if (fixed === before) break;
  }
  return fixed;
}

/** ftfy has no limit; only entities nested as deep, `&amp;amp;…`, would need more, a minute for a prompt full of them. */
const mostRounds = 1000;

const repairs: readonly Repair[] = [
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
  (text) => text.replace(/\x1b\[[\p{Nd};]*[a-zA-Z]/gu, ''),
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  (text) => text.replace(/[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g, ''),
];

const ligatures: { readonly [ligature: string]: string } = { ﬅ: 'ſt', ŉ: 'ʼn' };
