import {
  castArray,
  concatenate,
  flatten,
  type LazySource,
  type NdArray,
  ndArray,
  type Tensor,
  type Tree,
} from '../../engine/index.ts';
import type { ConceptToken } from '../../files/checkpoints/index.ts';
import { addPlaceholder, promptPieces, type Tokenizer, vocabularySize } from '../../networks/clip/index.ts';
import { withLeaves } from './model-trees.ts';

/** The table of a text encoder, [words, size]. */
export const tokenTable = 'text_model.embeddings.token_embedding.weight';

/** The tokenizer with further words, whose ids are the rows that `appendTokens` appends. */
export const extendTokenizer = (
  tokenizer: Tokenizer,
  tokens: readonly Pick<ConceptToken, 'word' | 'vectors'>[],
): Tokenizer =>
  tokens.reduce((known, { word, vectors }) => addPlaceholder(known, { name: word, vectors }), tokenizer);

/** The text encoder with the words' vectors below the rows of its table. */
export function appendTokens(textEncoder: Tree<Tensor>, vectors: Tree<Tensor>): Tree<Tensor> {
  const rows = flatten<Tensor>(vectors).map(([, each]) => each);
  if (rows.length === 0) return textEncoder;
  const table = flatten<Tensor>(textEncoder).find(([path]) => path === tokenTable)?.[1];
  if (table === undefined) throw new Error(`personalization: the text encoder has no "${tokenTable}"`);
  return withLeaves(textEncoder, new Map([[tokenTable, concatenate([table, ...rows], 0)]]));
}

/**
 * The vectors that words begin with: those of their initializers' tokens. Fewer tokens than vectors are repeated;
 * more are averaged in as many groups, so that every text can be one.
 * @returns a list of float32 [vectors, size]
 * @throws a sentence if an initializer has no token, or the table is another tokenizer's
 */
export async function initializeTokens(
  textEncoder: Tree<LazySource>,
  tokenizer: Tokenizer,
  tokens: readonly ConceptToken[],
): Promise<readonly NdArray<'float32'>[]> {
  const source = flatten<LazySource>(textEncoder).find(([path]) => path === tokenTable)?.[1];
  const words = vocabularySize(tokenizer);
  if (source?.shape[0] !== words) {
    throw new Error(
      `personalization: the tokenizer has ${words} tokens and the embedding table ${source?.shape[0] ?? 0} rows; take both from one model`,
    );
  }
  const table = castArray(await source.read(), 'float32');
  extendTokenizer(tokenizer, tokens); // refuses words that cannot be placeholders
  return tokens.map((token) => {
    const ids = promptPieces(tokenizer, token.initializer).flatMap((piece) => piece.ids);
    if (ids.length > 0) return spreadRows(table, ids, token.vectors);
    throw new Error(
      `personalization: the initializer ${JSON.stringify(token.initializer)} of "${token.word}" has no token; give a word such as "cat"`,
    );
  });
}

/** Vector i is the mean of the i-th group of rows, or row i modulo their number. */
function spreadRows(table: NdArray<'float32'>, ids: readonly number[], count: number): NdArray<'float32'> {
  const size = table.shape[1]!;
  const data = new Float32Array(count * size);
  for (let i = 0; i < count; i++) {
    const group =
      ids.length <= count
        ? [ids[i % ids.length]!]
        : ids.slice(Math.floor((i * ids.length) / count), Math.floor(((i + 1) * ids.length) / count));
    for (const id of group) {
      for (let j = 0; j < size; j++) data[i * size + j]! += table.data[id * size + j]! / group.length;
    }
  }
  return ndArray('float32', [count, size], data);
}
