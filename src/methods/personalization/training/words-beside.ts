import { flatten, type NdArray, ndArray, type Tree } from '../../../engine/index.ts';
import type { ConceptToken } from '../../../files/checkpoints/index.ts';
import { type Tokenizer, vocabularySize } from '../../../networks/clip/index.ts';
import type { ConceptPlan } from '../methods/personalization-method.ts';
import { type Learned, withLeaves } from '../model-trees.ts';
import { tokenTable } from '../tokens.ts';

interface LearnedArrays {
  readonly plan: ConceptPlan;
  readonly learned: Learned<NdArray>;
}

/**
 * A whole model whose own tokenizer has words that the base's lacks, with their vectors beside it instead of as rows
 * below the base's in its table, so that forms without a table, as a LoRA is, keep them.
 * @param own the tokenizer that the table belongs to; undefined where it is the base's
 */
export function withWordsBeside(
  { plan, learned }: LearnedArrays,
  own: Tokenizer | undefined,
  base: Tokenizer,
): LearnedArrays {
  const leaves = flatten<NdArray>(learned.textEncoder ?? {});
  const table = leaves.find(([path]) => path === tokenTable)?.[1];
  const words = [...(own?.placeholders ?? [])].filter(([word]) => !base.placeholders.has(word));
  if (table === undefined || words.length === 0) return { plan, learned };
  const rows = Array.from({ length: vocabularySize(base) }, (_, id) => id);
  const tokens = words.map(([word, ids]): ConceptToken => ({ word, vectors: ids.length, initializer: word }));
  return {
    plan: { ...plan, tokens: [...plan.tokens, ...tokens] },
    learned: {
      ...learned,
      textEncoder: withLeaves(learned.textEncoder!, new Map([[tokenTable, rowsOf(table, rows)]])),
      tokens: [
        ...flatten<NdArray>(learned.tokens ?? {}).map(([, vectors]) => vectors),
        ...words.map(([, ids]) => rowsOf(table, ids)),
      ] as Tree<NdArray>,
    },
  };
}

/** [rows, size] of a table [words, size]. */
function rowsOf({ shape, data }: NdArray, ids: readonly number[]): NdArray<'float32'> {
  const size = shape[1]!;
  const rows = new Float32Array(ids.length * size);
  for (const [row, id] of ids.entries()) {
    rows.set((data as Float32Array).subarray(id * size, (id + 1) * size), row * size);
  }
  return ndArray('float32', [ids.length, size], rows);
}
