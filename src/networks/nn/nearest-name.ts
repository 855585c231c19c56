/**
 * The candidate that takes the fewest insertions, deletions and replacements of characters to reach (Levenshtein
 * 1966), or the first that begins with the name: what a message suggests for a misspelt or shortened name. Undefined
 * if there are no candidates.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const isBegun = name !== '' && candidate.startsWith(name);
    if (!isBegun && Math.abs(candidate.length - name.length) >= fewest) continue;
    const edits = isBegun ? 0 : editDistance(name, candidate);
    if (edits < fewest) [nearest, fewest] = [candidate, edits];
  }
  return nearest;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
