import { formatShape, ndArray, sizeOf, stridesOf } from '../../arrays/index.ts';
import {
  add,
  concatenate,
  constant,
  gather,
  matmul,
  multiply,
  reshape,
  slice,
  softmax,
} from '../operations.ts';
import { recompute, refuse, type Tensor } from '../tensor.ts';

export interface AttentionOptions {
  /** Added to the scores before the softmax; broadcasts to [..., queries, keys]. */
  readonly bias?: Tensor;
  /** Default: 1 / √(head size). */
  readonly scale?: number;
  /**
   * The largest block of scores that exists at a time, in elements. Heads and then queries are taken in turns
   * so as to stay below. Default 2^22 (16 MiB in float32), which also fits a processor's cache; of more than 2^32
   * scores a share of 1/1024, since each block is operations of its own in the graph.
   */
  readonly blockSize?: number;
  /**
   * Keep the probabilities for the backward pass, or compute them again there. Default: recompute where they
   * do not fit one block.
   */
  readonly probabilities?: 'keep' | 'recompute';
}

const MOST_BLOCKS = 1024;

/**
 * softmax(scale · Q Kᵀ + bias) V (Vaswani et al. 2017, arXiv 1706.03762, equation 1).
 * query: [..., queries, size]; key: [..., keys, size]; value: [..., keys, value size].
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  const [queries, keys] = [query.shape.at(-2)!, key.shape.at(-2)!];
  const stack = query.shape.slice(0, -2);
  const scores = sizeOf(stack) * queries * keys;
  const blockSize = options.blockSize ?? Math.max(2 ** 22, Math.ceil(scores / MOST_BLOCKS));
  if (scores <= blockSize) {
    return options.probabilities === 'recompute'
      ? recompute(() => attend(query, key, value, options))
      : attend(query, key, value, options);
  }
  const block = (q: Tensor, k: Tensor, v: Tensor, bias: Tensor | undefined): Tensor => {
    const blockOptions = { ...options, ...(bias && { bias }) };
    return options.probabilities === 'keep'
      ? attend(q, k, v, blockOptions)
      : recompute(() => attend(q, k, v, blockOptions));
  };
  const heads = sizeOf(stack);
  const [q, k, v] = [query, key, value].map((x) => reshape(x, [heads, ...x.shape.slice(-2)])) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const bias = options.bias && new BiasBlocks(options.bias, [...stack, queries, keys]);
  const headsAtOnce = Math.max(1, Math.floor(blockSize / (queries * keys)));
  const queriesAtOnce = Math.min(queries, Math.max(1, Math.floor(blockSize / (headsAtOnce * keys))));
  const headBlocks = ranges(heads, headsAtOnce).map(([firstHead, endHead]) => {
    const head = (x: Tensor) => slice(x, { axis: 0, start: firstHead, end: endHead });
    const [kHead, vHead] = [head(k), head(v)];
    const rows = ranges(queries, queriesAtOnce).map(([start, end]) =>
      block(slice(head(q), { axis: 1, start, end }), kHead, vHead, bias?.at(firstHead, endHead, start, end)),
    );
    return concatenate(rows, 1);
  });
  return reshape(concatenate(headBlocks, 0), [...stack, queries, value.shape.at(-1)!]);
}

/** softmax(scale · Q Kᵀ + bias): the matrix that attention maps are read from. [..., queries, keys] */
export function attentionProbabilities(
  query: Tensor,
  key: Tensor,
  { bias, scale }: Pick<AttentionOptions, 'bias' | 'scale'> = {},
): Tensor {
  // The scale goes on the queries: a matrix far smaller than that of the scores.
  const scaled = multiply(query, scale ?? query.shape.at(-1)! ** -0.5);
  const scores = matmul(scaled, key, { transposeB: true });
  return softmax(bias === undefined ? scores : add(scores, bias));
}

const attend = (query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor =>
  matmul(attentionProbabilities(query, key, options), value);

/** Splits a bias that broadcasts to [..., queries, keys] along with the blocks. */
class BiasBlocks {
  private readonly bias: Tensor; // [its own heads, queries or 1, keys or 1]
  private readonly heads: readonly number[];

  constructor(bias: Tensor, scores: readonly number[]) {
    const rank = scores.length;
    const padded = [...new Array<number>(Math.max(0, rank - bias.rank)).fill(1), ...bias.shape];
    if (rank < bias.rank || padded.some((size, axis) => size !== 1 && size !== scores[axis])) {
      refuse('attention', `a bias ${bias} does not broadcast to the scores ${formatShape(scores)}`);
    }
    const heads = padded.slice(0, -2);
    this.bias = reshape(bias, [sizeOf(heads), ...padded.slice(-2)]);
    // Which of the bias' own heads each head reads: it may broadcast the batch, the heads or both.
    const stack = scores.slice(0, -2);
    const [strides, ownStrides] = [stridesOf(stack), stridesOf(heads)];
    this.heads = Array.from({ length: sizeOf(stack) }, (_, head) =>
      heads.reduce((sum, size, axis) => {
        const at = Math.floor(head / strides[axis]!) % stack[axis]!;
        return size === 1 ? sum : sum + at * ownStrides[axis]!;
      }, 0),
    );
  }

  at(firstHead: number, endHead: number, start: number, end: number): Tensor {
    const [count, queries] = this.bias.shape as [number, number, number];
    const ofHeads = count === 1 ? this.bias : this.some(this.heads.slice(firstHead, endHead));
    return queries === 1 ? ofHeads : slice(ofHeads, { axis: 1, start, end });
  }

  private some(heads: readonly number[]): Tensor {
    const [first] = heads as [number];
    if (heads.every((head) => head === first))
      return slice(this.bias, { axis: 0, start: first, end: first + 1 });
    if (heads.every((head, index) => head === first + index)) {
      return slice(this.bias, { axis: 0, start: first, end: first + heads.length });
    }
    return gather(this.bias, constant(ndArray('int64', [heads.length], BigInt64Array.from(heads, BigInt))));
  }
}

const ranges = (total: number, step: number): [start: number, end: number][] =>
  Array.from({ length: Math.ceil(total / step) }, (_, i) => [i * step, Math.min(total, (i + 1) * step)]);
