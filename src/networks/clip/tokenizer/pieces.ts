import { bytePairs } from './byte-pairs.ts';
import { cleanings } from './clean-text.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A stretch of a prompt that is tokenized on its own: a word, a digit, a row of punctuation, a placeholder. */
export interface Piece {
  readonly text: string;
  readonly ids: readonly number[];
}

/** A prompt longer than this is not a prompt; merging takes time that grows faster than the text. */
const longestPrompt = 65_536;

/**
 * Cuts a prompt into pieces, without begin, end or padding. Placeholders are found first, the longest where
 * several fit, and are never split; what stands between them is cleaned.
 * @throws if the prompt is longer than 65,536 characters
 */
export function promptPieces(tokenizer: Tokenizer, prompt: string): Piece[] {
  if (prompt.length > longestPrompt) {
    throw new Error(`A prompt has at most ${longestPrompt} characters, got one of ${prompt.length}`);
  }
  return prompt.split(placeholderPattern(tokenizer)).flatMap((part, index) => {
    // `split` puts what the pattern captured at the odd places.
    if (index % 2 === 1) return [{ text: part, ids: tokenizer.placeholders.get(part)! }];
    const cleaned = cleanings[tokenizer.cleaning](part);
    return Array.from(cleaned.matchAll(piecePattern), ([text]) => ({ text, ids: idsOf(tokenizer, text) }));
  });
}

function placeholderPattern({ placeholders }: Tokenizer): RegExp {
  if (placeholders.size === 0) return /($^)/; // matches nowhere
  const longestFirst = [...placeholders.keys()].sort((a, b) => b.length - a.length);
  return new RegExp(`(${longestFirst.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})`);
}

/** CLIP's: special tokens, English endings, runs of letters, single digits, runs of anything else. */
const piecePattern =
  /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+/gu;

function idsOf({ vocabulary, mergeRanks, special }: Tokenizer, piece: string): readonly number[] {
  const whole = vocabulary.get(piece);
  if (whole === special.begin || whole === special.end) return [whole];
  return bytePairs(piece, mergeRanks).map((token) => vocabulary.get(token) ?? special.unknown);
}
