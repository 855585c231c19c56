import type { Cleaning } from './clean-text.ts';

/** The files of a tokenizer, JSON parsed. The first two are enough; the others say what differs from CLIP. */
export type TokenizerSource =
  | {
      readonly kind: 'vocabulary and merges';
      /** vocab.json: token → id. */
      readonly vocabulary: unknown;
      /** merges.txt: `left right`, one a line, the most important first. */
      readonly merges: string;
      readonly settings?: TokenizerSettings;
    }
  | {
      readonly kind: 'tokenizer.json';
      readonly content: unknown;
      readonly settings?: TokenizerSettings;
    };

export interface TokenizerSettings {
  /** tokenizer_config.json: special tokens, `model_max_length`, `added_tokens_decoder`. */
  readonly config?: unknown;
  /** special_tokens_map.json: goes before tokenizer_config.json. */
  readonly specialTokens?: unknown;
  /** added_tokens.json: placeholders → ids. */
  readonly addedTokens?: unknown;
  /** Default `fixed`. */
  readonly cleaning?: Cleaning;
}
