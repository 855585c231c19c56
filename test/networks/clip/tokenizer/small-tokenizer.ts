import {
  parseTokenizer,
  type Tokenizer,
  type TokenizerSettings,
  vocabularyFromMerges,
} from '../../../../src/networks/clip/tokenizer/index.ts';

/** Enough merges for the words "cat", "the" and the beginning of "catch". */
const merges = ['c a', 't h', 'ca t</w>', 'th e</w>', 'ca t'];

/** A made-up vocabulary of 512 bytes, five merges and two special tokens. */
export const smallTokenizer = (settings: TokenizerSettings = {}): Tokenizer =>
  parseTokenizer({ ...smallFiles, settings });

export const smallFiles = {
  kind: 'vocabulary and merges',
  vocabulary: Object.fromEntries(vocabularyFromMerges(merges)),
  merges: ['#version: 0.2', ...merges, ''].join('\n'),
} as const;
