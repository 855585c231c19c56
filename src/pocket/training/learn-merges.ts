/**
 * Learns byte-pair merges (Sennrich et al. 2016, arXiv 1508.07909) from a list of words until each word is one token:
 * the most frequent pair of neighbours is merged first, of equals the one that sorts first.
 * @param words lower case, printable ASCII
 * @returns `left right`, the most important first; `</w>` ends a word's last piece, as in CLIP
 */
export function learnMerges(words: readonly string[]): string[] {
  const merges: string[] = [];
  let split = words.map((word) => [...word.slice(0, -1), `${word.at(-1)}</w>`]);
  for (;;) {
    const pair = mostFrequentPair(split);
    if (pair === undefined) return merges;
    merges.push(pair);
    split = split.map((pieces) => mergePair(pieces, pair));
  }
}

function mostFrequentPair(split: readonly (readonly string[])[]): string | undefined {
  const counts = new Map<string, number>();
  for (const pieces of split) {
    for (let i = 1; i < pieces.length; i++) {
      const pair = `${pieces[i - 1]} ${pieces[i]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  }
  const ranked = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return ranked[0]?.[0];
}

function mergePair(pieces: readonly string[], pair: string): string[] {
  const merged: string[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (last !== undefined && `${last} ${piece}` === pair) merged[merged.length - 1] = last + piece;
    else merged.push(piece);
  }
  return merged;
}
