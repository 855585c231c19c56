import type { Cleaning } from './clean-text.ts';

/**
 * CLIP's byte-pair tokenizer as plain data (Sennrich, Haddow, Birch 2016, arXiv 1508.07909; Radford et al. 2021,
 * arXiv 2103.00020, section 2.4). `parseTokenizer` makes one, `addPlaceholder` extends it, `encodePrompt`, `decodePrompt` and
 * `wordPositions` read it.
 */
export interface Tokenizer {
  /** Token as it is written in vocab.json (`cat</w>`) → id. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Id → token: the inverse of `vocabulary` and of the placeholders. */
  readonly tokens: ReadonlyMap<number, string>;
  /** `left right` → rank; the lowest rank is merged first. */
  readonly mergeRanks: ReadonlyMap<string, number>;
  /** Learned words, matched before everything else: name → ids, one an embedding vector. */
  readonly placeholders: ReadonlyMap<string, readonly number[]>;
  readonly special: SpecialTokens;
  /** Tokens a prompt, with the begin and end tokens: 77. */
  readonly length: number;
  /** What happens to the text before it is cut into pieces. */
  readonly cleaning: Cleaning;
}

/** Ids. Stable Diffusion 1.x pads with the end token (49407), 2.x with `!` (0). */
export interface SpecialTokens {
  readonly begin: number;
  readonly end: number;
  readonly padding: number;
  /** In place of what the vocabulary lacks; never needed where it holds all 256 bytes. */
  readonly unknown: number;
}

/** Rows that the embedding table needs: the highest id + 1. */
export function vocabularySize({ tokens }: Tokenizer): number {
  let highest = -1;
  for (const id of tokens.keys()) highest = Math.max(highest, id);
  return highest + 1;
}
