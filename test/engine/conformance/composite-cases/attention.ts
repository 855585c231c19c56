import {
  type AttentionOptions,
  attention,
  attentionProbabilities,
  type Tensor,
} from '../../../../src/engine/graph/index.ts';
import { type Case, random } from '../case.ts';

interface Sizes {
  readonly stack: readonly number[];
  readonly queries: number;
  readonly keys: number;
  readonly size: number;
  readonly valueSize: number;
}

const usual: Sizes = { stack: [2, 3], queries: 5, keys: 4, size: 3, valueSize: 2 };

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** The element of an array that broadcasts to `full` at a flat position of it. */
function broadcastAt(
  array: readonly number[],
  shape: readonly number[],
  full: readonly number[],
  flat: number,
) {
  let [rest, at, stride] = [flat, 0, 1];
  for (let axis = full.length - 1; axis >= 0; axis--) {
    const own = shape[axis - full.length + shape.length] ?? 1;
    if (own > 1) at += (rest % full[axis]!) * stride;
    stride *= own;
    rest = Math.floor(rest / full[axis]!);
  }
  return array[at]!;
}

/** softmax(scale · Q Kᵀ + bias), element by element: [heads, queries, keys]. */
function probabilities(
  { stack, queries, keys, size }: Sizes,
  query: readonly number[],
  key: readonly number[],
  bias: (flat: number) => number,
  scale = 1 / Math.sqrt(size),
): number[] {
  const result: number[] = [];
  for (let head = 0; head < count(stack); head++) {
    for (let row = 0; row < queries; row++) {
      const powers = Array.from({ length: keys }, (_, column) => {
        let score = 0;
        for (let i = 0; i < size; i++) {
          score += query[(head * queries + row) * size + i]! * key[(head * keys + column) * size + i]!;
        }
        return Math.exp(score * scale + bias((head * queries + row) * keys + column));
      });
      const total = powers.reduce((a, b) => a + b, 0);
      result.push(...powers.map((power) => power / total));
    }
  }
  return result;
}

function mix(
  { stack, queries, keys, valueSize }: Sizes,
  shares: readonly number[],
  value: readonly number[],
) {
  return Array.from({ length: count(stack) * queries * valueSize }, (_, flat) => {
    const [row, column] = [Math.floor(flat / valueSize), flat % valueSize];
    const head = Math.floor(row / queries);
    let total = 0;
    for (let i = 0; i < keys; i++) {
      total += shares[row * keys + i]! * value[(head * keys + i) * valueSize + column]!;
    }
    return total;
  });
}

const operands = ({ stack, queries, keys, size, valueSize }: Sizes) => [
  random(...stack, queries, size),
  random(...stack, keys, size),
  random(...stack, keys, valueSize),
];

const attended = (name: string, sizes: Sizes, options: AttentionOptions): Case => ({
  name,
  inputs: operands(sizes),
  build: (q, k, v) => attention(q, k, v, options),
  reference: (q, k, v) =>
    mix(
      sizes,
      probabilities(sizes, q!, k!, () => 0, options.scale),
      v!,
    ),
});

const biased = (name: string, bias: readonly number[], options: AttentionOptions): Case => ({
  name,
  inputs: [...operands(usual), random(...bias)],
  build: (q, k, v, b) => attention(q, k, v, { ...options, bias: b! }),
  reference: (q, k, v, b) => {
    const scores = [...usual.stack, usual.queries, usual.keys];
    return mix(
      usual,
      probabilities(usual, q!, k!, (flat) => broadcastAt(b!, bias, scores, flat)),
      v!,
    );
  },
});

/** From all at once to one row of scores at a time; all scores are 120, those of a head 20. */
const blockings: readonly (readonly [name: string, options: AttentionOptions])[] = [
  ['at once', {}],
  ['at once, recomputed', { probabilities: 'recompute' }],
  ['in blocks of two heads', { blockSize: 40 }],
  ['in blocks of four heads, so that the last is smaller', { blockSize: 99 }],
  ['in blocks of a head, kept', { blockSize: 20, probabilities: 'keep' }],
  ['in blocks of two queries', { blockSize: 8 }],
  ['in blocks of two queries, kept', { blockSize: 11, probabilities: 'keep' }],
  ['in blocks of one query', { blockSize: 1 }],
];

/** Fewer where the bias varies. */
const someBlockings: typeof blockings = [
  ['at once', {}],
  ['in blocks of four heads', { blockSize: 99 }],
  ['in blocks of three queries', { blockSize: 12 }],
];

const biases: readonly (readonly [name: string, shape: readonly number[]])[] = [
  ['of all scores', [2, 3, 5, 4]],
  ['for each head', [3, 5, 4]],
  ['for each head, of one batch', [1, 3, 5, 4]],
  ['for each picture of the batch', [2, 1, 5, 4]],
  ['that masks keys of each picture', [2, 1, 1, 4]],
  ['of each head and key', [3, 1, 4]],
  ['of queries and keys', [5, 4]],
  ['of keys', [4]],
  ['of queries', [5, 1]],
  ['of each head', [3, 1, 1]],
  ['that is a number', []],
];

export const attentionCases: readonly Case[] = [
  ...blockings.map(([name, options]) => attended(name, usual, options)),
  ...biases.flatMap(([of, bias]) =>
    someBlockings.map(([name, options]) => biased(`${name}, with a bias ${of}`, bias, options)),
  ),
  attended('with a scale of its own', usual, { scale: 0.3, blockSize: 20 }),
  attended('of matrices', { ...usual, stack: [] }, {}),
  attended('of matrices in blocks', { ...usual, stack: [] }, { blockSize: 8 }),
  attended('of a batch of one', { ...usual, stack: [1, 2] }, { blockSize: 20 }),
  attended('of one query and one key', { ...usual, queries: 1, keys: 1 }, { blockSize: 2 }),
  attended('of no pictures', { ...usual, stack: [0, 3] }, {}),
];

export const attentionProbabilitiesCases: readonly Case[] = [
  {
    name: 'with a bias',
    inputs: [random(2, 3, 5, 3), random(2, 3, 4, 3), random(5, 4)],
    build: (q, k, bias) => attentionProbabilities(q, k, { bias: bias as Tensor }),
    reference: (q, k, bias) =>
      probabilities(usual, q!, k!, (flat) => broadcastAt(bias!, [5, 4], [2, 3, 5, 4], flat)),
  },
  {
    name: 'with a scale',
    inputs: [random(2, 3, 5, 3), random(2, 3, 4, 3)],
    build: (q, k) => attentionProbabilities(q, k, { scale: 2 }),
    reference: (q, k) => probabilities(usual, q!, k!, () => 0, 2),
  },
];
