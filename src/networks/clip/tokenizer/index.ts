export type { Cleaning } from './clean-text.ts';
export { type DecodeOptions, decode } from './decode.ts';
export { type EncodedPrompt, encode, encodeBatch } from './encode.ts';
export { parseTokenizer, type TokenizerSettings, type TokenizerSource } from './parse-tokenizer.ts';
export { type Piece, piecesOf } from './pieces.ts';
export { addPlaceholder, type Placeholder, withPlaceholder } from './placeholders.ts';
export { type SpecialTokens, type Tokenizer, vocabularySize } from './tokenizer.ts';
export { vocabularyFromMerges } from './vocabulary-from-merges.ts';
export { positionsOf } from './word-positions.ts';
