import { promptPieces } from './pieces.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * Where words stand among the ids of a prompt (`encodePrompt`; the begin token is position 0): one list of positions for
 * each occurrence, in order. Words are one or several, or a placeholder; they match whole pieces, cleaned as the
 * prompt is: `cat` is found in `A Cat's toy`, not in `cats`. Empty where the words do not occur, or only where
 * the prompt was truncated.
 */
export function wordPositions(tokenizer: Tokenizer, prompt: string, words: string): number[][] {
  const sought = promptPieces(tokenizer, words);
  const pieces = promptPieces(tokenizer, prompt);
  if (sought.length === 0) return [];
  const occurrences: number[][] = [];
  let position = 1; // behind the begin token
  pieces.forEach(({ ids }, first) => {
    if (sought.every(({ text }, index) => pieces[first + index]?.text === text)) {
      const count = sought.reduce((sum, piece) => sum + piece.ids.length, 0);
      if (position + count < tokenizer.length) {
        occurrences.push(Array.from({ length: count }, (_, index) => position + index));
      }
    }
    position += ids.length;
  });
  return occurrences;
}
