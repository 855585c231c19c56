import { byteCharacters, endOfWord } from './byte-pairs.ts';

export const beginToken = '<|startoftext|>';
export const endToken = '<|endoftext|>';

/**
 * The vocabulary that belongs to a list of merges, by CLIP's own rule: the 256 bytes, the same at the end of a
 * word, one token a merge, and the two special tokens, numbered in this order. It makes CLIP's 49,408 ids from
 * its 48,894 merges, and small vocabularies for small models.
 * @param merges `left right`, the most important first
 */
export function vocabularyFromMerges(merges: readonly string[]): ReadonlyMap<string, number> {
  // Printable bytes first, as in CLIP: `!` is 0.
  const bytes = [
    ...byteCharacters.filter((character) => character.charCodeAt(0) < 256),
    ...byteCharacters.filter((character) => character.charCodeAt(0) >= 256),
  ];
  const tokens = [
    ...bytes,
    ...bytes.map((character) => character + endOfWord),
    ...merges.map((merge) => merge.replace(' ', '')),
    beginToken,
    endToken,
  ];
  return new Map(tokens.map((token, id) => [token, id]));
}
