/** What stands at the end of the last token of a word. */
export const endOfWord = '</w>';

/**
 * Cuts one piece of text into tokens: its UTF-8 bytes, each written as a printable character, are merged pair by
 * pair, the pair of the lowest rank first (Sennrich, Haddow, Birch 2016, algorithm 1).
 */
export function bytePairs(piece: string, mergeRanks: ReadonlyMap<string, number>): string[] {
  let parts = Array.from(new TextEncoder().encode(piece), (byte) => byteCharacters[byte]!);
  if (parts.length > 0) parts.push(parts.pop()! + endOfWord);
  for (;;) {
    const best = lowestPair(parts, mergeRanks);
    if (best === undefined) return parts;
    parts = merge(parts, best);
  }
}

function lowestPair(
  parts: readonly string[],
  mergeRanks: ReadonlyMap<string, number>,
): readonly [string, string] | undefined {
  let best: readonly [string, string] | undefined;
  let lowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 1 < parts.length; i++) {
    const rank = mergeRanks.get(`${parts[i]} ${parts[i + 1]}`);
    if (rank === undefined || rank >= lowest) continue;
    lowest = rank;
    best = [parts[i]!, parts[i + 1]!];
  }
  return best;
}

/** Joins every occurrence of the pair, from left to right. */
function merge(parts: readonly string[], [left, right]: readonly [string, string]): string[] {
  const merged: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const matches = parts[i] === left && parts[i + 1] === right;
    merged.push(matches ? left + right : parts[i]!);
    if (matches) i++;
  }
  return merged;
}

/** The text of tokens; bytes that are not UTF-8 become �. The marks of word ends become spaces. */
export function textOf(tokens: readonly string[]): string {
  const bytes = Array.from(tokens.join(''), (character) => bytesOf.get(character) ?? 0x3f);
  return new TextDecoder('utf-8', { ignoreBOM: true })
    .decode(Uint8Array.from(bytes))
    .replaceAll(endOfWord, ' ');
}

/**
 * GPT-2's printable character for each byte, which CLIP's vocabulary is written in: printable Latin-1 characters
 * stand for themselves, the 68 others for 256, 257, … in order (Radford et al. 2019).
 */
export const byteCharacters: readonly string[] = printableCharacters();

const bytesOf: ReadonlyMap<string, number> = new Map(byteCharacters.map((text, byte) => [text, byte]));

function printableCharacters(): string[] {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
