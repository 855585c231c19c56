import { castArray, type NdArray, ndArray } from '../../../engine/arrays/index.ts';
import { addPlaceholder, type Tokenizer, vocabularySize } from '../../../networks/clip/index.ts';
import { FormatError, quote } from '../../formats/format-error.ts';
import type { LearnedEmbedding } from './learned-embedding.ts';

export interface WithEmbeddings {
  readonly tokenizer: Tokenizer;
  /** The token embedding with the learned vectors below its rows: float32 [vocabulary, size]. */
  readonly table: NdArray;
}

/**
 * A tokenizer that knows the tokens, and the embedding table with their vectors at the ids that it gives them.
 * @param table `text_model.embeddings.token_embedding.weight`
 * @throws FormatError if the vectors are of another size, as those for another family are
 */
export function withEmbeddings(
  tokenizer: Tokenizer,
  table: NdArray,
  embeddings: readonly Pick<LearnedEmbedding, 'token' | 'vectors'>[],
): WithEmbeddings {
  let extended = tokenizer;
  let rows = table;
  for (const { token, vectors } of embeddings) {
    const first = vocabularySize(extended);
    if (rows.shape[0] !== first) {
      throw new FormatError(
        `the tokenizer has ${first} tokens and the embedding table ${rows.shape[0]} rows; take both from one model`,
      );
    }
    rows = withRows(rows, vectors, token);
    extended = addPlaceholder(extended, { name: token, vectors: vectors.shape[0]! });
  }
  return { tokenizer: extended, table: rows };
}

/** The table with further rows at its end: float32, so that a table in half precision does not round what was learned. */
export function withRows(table: NdArray, vectors: NdArray, token: string): NdArray {
  const [count = 0, size] = table.shape;
  if (vectors.shape[1] !== size) {
    throw new FormatError(
      `the embedding ${quote(token)} has vectors of ${vectors.shape[1]}, the text encoder's are of ${size}; it was made for another family of models`,
    );
  }
  const data = new Float32Array(table.data.length + vectors.data.length);
  data.set(castArray(table, 'float32').data);
  data.set(castArray(vectors, 'float32').data, table.data.length);
  return ndArray('float32', [count + vectors.shape[0]!, size!], data);
}
