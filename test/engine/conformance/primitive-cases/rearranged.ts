import { fromNested, full, type NestedNumbers, ndArray, range } from '../../../../src/engine/arrays/index.ts';
import {
  after,
  argMax,
  broadcast,
  concatenate,
  constant,
  gather,
  max,
  multiply,
  type Primitive,
  pad,
  reshape,
  scatterAdd,
  slice,
  split,
  stopGradient,
  sum,
  transpose,
} from '../../../../src/engine/graph/index.ts';
import { type Case, given, indices, type KnownCase, random } from '../case.ts';

const numbers = (values: NestedNumbers) => given(fromNested(values));
const matrix = numbers([
  [1, 2, 3],
  [4, -5, 6],
]);
const rows = (...values: number[]) =>
  given(ndArray('int64', [values.length], BigInt64Array.from(values, BigInt)));

type Names = Extract<
  Primitive,
  | 'input'
  | 'constant'
  | 'sum'
  | 'max'
  | 'argMax'
  | 'reshape'
  | 'transpose'
  | 'broadcast'
  | 'concatenate'
  | 'slice'
  | 'pad'
  | 'gather'
  | 'scatterAdd'
  | 'stopGradient'
  | 'after'
>;

export const rearranged: { readonly [P in Names]: readonly [KnownCase, ...Case[]] } = {
  input: [
    { name: 'handed through', inputs: [matrix], build: (x) => x, expected: [1, 2, 3, 4, -5, 6] },
    { name: 'a scalar', inputs: [random()], build: (x) => x },
    { name: 'no elements', inputs: [random(0, 2)], build: (x) => x },
    { name: 'one that nothing reads', inputs: [random(2), random(3)], build: (x) => x },
    { name: 'conditions', inputs: [given(full([2], 1, 'bool'))], build: (x) => x, expected: [1, 1] },
  ],
  constant: [
    { name: 'known values', inputs: [], build: () => constant(fromNested([1, -2.5])), expected: [1, -2.5] },
    { name: 'a scalar of integers', inputs: [], build: () => constant(full([], 7, 'int64')), expected: [7] },
    { name: 'conditions', inputs: [], build: () => constant(full([3], 1, 'bool')), expected: [1, 1, 1] },
    { name: 'float16', inputs: [], build: () => constant(full([2], 0.5, 'float16')), expected: [0.5, 0.5] },
    { name: 'no elements', inputs: [], build: () => constant(full([0, 4], 0)), expected: [] },
    {
      name: 'too large for the model file',
      inputs: [random(3000)],
      build: (x) => multiply(x, constant(range(3000))),
    },
  ],

  sum: [
    { name: 'all of a matrix', inputs: [matrix], build: (x) => sum(x), expected: [11] },
    { name: 'columns', inputs: [matrix], build: (x) => sum(x, { axes: [0] }), expected: [5, -3, 9] },
    {
      name: 'rows, keeping the axis',
      inputs: [matrix],
      build: (x) => sum(x, { axes: [-1], keepAxes: true }),
      expected: [6, 5],
    },
    {
      name: 'the outer axes of three',
      inputs: [random(3, 5, 2)],
      build: (x) => sum(x, { axes: [0, -1] }),
    },
    { name: 'a scalar', inputs: [random()], build: (x) => sum(x) },
    { name: 'no axes', inputs: [random(2, 3)], build: (x) => sum(x, { axes: [] }) },
    { name: 'no elements', inputs: [random(0, 3)], build: (x) => sum(x), expected: [0] },
    {
      name: 'over no rows',
      inputs: [random(0, 3)],
      build: (x) => sum(x, { axes: [0] }),
      expected: [0, 0, 0],
    },
    { name: 'rows of none', inputs: [random(0, 3)], build: (x) => sum(x, { axes: [1] }), expected: [] },
    { name: 'whole numbers', inputs: [rows(2, 3, -9)], build: (x) => sum(x), expected: [-4] },
  ],
  max: [
    { name: 'all of a matrix', inputs: [matrix], build: (x) => max(x), expected: [6] },
    { name: 'columns', inputs: [matrix], build: (x) => max(x, { axes: [0] }), expected: [4, 2, 6] },
    { name: 'negative numbers only', inputs: [numbers([-3, -2, -4])], build: (x) => max(x), expected: [-2] },
    {
      name: 'the middle axis, kept',
      inputs: [random(2, 5, 3)],
      build: (x) => max(x, { axes: [1], keepAxes: true }),
    },
    { name: 'a scalar', inputs: [random()], build: (x) => max(x) },
    { name: 'no rows to look at', inputs: [random(0, 3)], build: (x) => max(x, { axes: [1] }) },
    { name: 'whole numbers', inputs: [rows(2, 3, -9)], build: (x) => max(x), expected: [3] },
  ],
  argMax: [
    { name: 'rows', inputs: [matrix], build: (x) => argMax(x), expected: [2, 2] },
    { name: 'columns', inputs: [matrix], build: (x) => argMax(x, 0), expected: [1, 0, 1] },
    { name: 'the first of equals', inputs: [numbers([1, 7, 7])], build: (x) => argMax(x), expected: [1] },
    { name: 'the middle axis', inputs: [random(2, 5, 3)], build: (x) => argMax(x, -2) },
    { name: 'whole numbers', inputs: [rows(2, 9, 3)], build: (x) => argMax(x), expected: [1] },
    { name: 'no rows', inputs: [random(0, 3)], build: (x) => argMax(x) },
  ],

  reshape: [
    {
      name: 'keeps the order',
      inputs: [matrix],
      build: (x) => reshape(x, [3, 2]),
      expected: [1, 2, 3, 4, -5, 6],
    },
    { name: 'what is left', inputs: [random(4, 3)], build: (x) => reshape(x, [2, -1, 1]) },
    { name: 'to a scalar', inputs: [random(1, 1)], build: (x) => reshape(x, []) },
    { name: 'from a scalar', inputs: [random()], build: (x) => reshape(x, [1, -1]) },
    { name: 'no elements', inputs: [random(0, 3)], build: (x) => reshape(x, [5, 0, 2]) },
    { name: 'no elements, one size left open', inputs: [random(0, 3)], build: (x) => reshape(x, [3, -1]) },
    { name: 'conditions', inputs: [given(full([2, 1], 1, 'bool'))], build: (x) => reshape(x, [2]) },
  ],
  transpose: [
    { name: 'a matrix', inputs: [matrix], build: (x) => transpose(x), expected: [1, 4, 2, -5, 3, 6] },
    {
      name: 'four axes in a cycle',
      inputs: [random(2, 3, 4, 5)],
      build: (x) => transpose(x, [1, 2, 3, 0]),
    },
    { name: 'axes in reverse', inputs: [random(2, 3, 1)], build: (x) => transpose(x) },
    { name: 'no elements', inputs: [random(2, 0, 3)], build: (x) => transpose(x, [2, 0, 1]) },
    { name: 'whole numbers', inputs: [indices([2, 3], 9)], build: (x) => transpose(x) },
  ],
  broadcast: [
    {
      name: 'a row',
      inputs: [numbers([1, 2])],
      build: (x) => broadcast(x, [3, 2]),
      expected: [1, 2, 1, 2, 1, 2],
    },
    { name: 'a column', inputs: [random(3, 1)], build: (x) => broadcast(x, [3, 4]) },
    { name: 'a scalar', inputs: [random()], build: (x) => broadcast(x, [2, 3]) },
    { name: 'both sides of an axis', inputs: [random(1, 3, 1)], build: (x) => broadcast(x, [2, 5, 3, 4]) },
    { name: 'to nothing', inputs: [random(1, 3)], build: (x) => broadcast(x, [0, 3]) },
  ],
  concatenate: [
    {
      name: 'along the rows',
      inputs: [matrix, numbers([[7], [8]])],
      build: (...x) => concatenate(x, 1),
      expected: [1, 2, 3, 7, 4, -5, 6, 8],
    },
    {
      name: 'three along the first axis',
      inputs: [random(1, 3), random(4, 3), random(2, 3)],
      build: (...x) => concatenate(x, 0),
    },
    { name: 'an empty one', inputs: [random(0, 3), random(2, 3)], build: (...x) => concatenate(x, -2) },
    { name: 'only one', inputs: [random(2, 3)], build: (...x) => concatenate(x, 0) },
    { name: 'the same twice', inputs: [random(2, 3)], build: (x) => concatenate([x, x], 1) },
    {
      name: 'whole numbers',
      inputs: [indices([2], 5), indices([3], 5)],
      build: (...x) => concatenate(x, 0),
    },
  ],
  slice: [
    {
      name: 'a range of columns',
      inputs: [matrix],
      build: (x) => slice(x, { axis: 1, start: 1 }),
      expected: [2, 3, -5, 6],
    },
    {
      name: 'every second',
      inputs: [numbers([1, 2, 3, 4, 5])],
      build: (x) => slice(x, { axis: 0, step: 2 }),
      expected: [1, 3, 5],
    },
    {
      name: 'every third of a part',
      inputs: [random(2, 11, 3)],
      build: (x) => slice(x, { axis: 1, start: 2, end: 10, step: 3 }),
    },
    {
      name: 'a step beyond the end',
      inputs: [random(5)],
      build: (x) => slice(x, { axis: 0, start: 3, step: 9 }),
    },
    { name: 'all', inputs: [random(2, 3)], build: (x) => slice(x, { axis: 0 }) },
    { name: 'nothing', inputs: [random(4, 3)], build: (x) => slice(x, { axis: 0, start: 2, end: 2 }) },
    {
      name: 'nothing, at the end',
      inputs: [random(4, 3)],
      build: (x) => slice(x, { axis: -1, start: 3, step: 2 }),
    },
    {
      name: 'unequal parts put together in another order',
      inputs: [random(2, 6)],
      build: (x) => concatenate(split(x, [1, 3, 2], 1).reverse(), 1),
    },
    { name: 'the last of three equal parts', inputs: [random(6, 2)], build: (x) => split(x, 3)[2]! },
  ],
  pad: [
    {
      name: 'zeros on both sides',
      inputs: [numbers([[1, 2]])],
      build: (x) => pad(x, [1, 0], [0, 2]),
      expected: [0, 0, 0, 0, 1, 2, 0, 0],
    },
    { name: 'four axes', inputs: [random(2, 1, 3, 2)], build: (x) => pad(x, [0, 0, 1, 2], [0, 1, 3, 0]) },
    { name: 'no width', inputs: [random(2, 3)], build: (x) => pad(x, [0, 0], [0, 0]) },
    { name: 'around nothing', inputs: [random(0, 3)], build: (x) => pad(x, [1, 0], [1, 0]) },
    { name: 'whole numbers', inputs: [indices([2], 5)], build: (x) => pad(x, [1], [1]) },
  ],
  gather: [
    {
      name: 'rows, one of them twice',
      inputs: [matrix, rows(1, 0, 1)],
      build: gather,
      expected: [4, -5, 6, 1, 2, 3, 4, -5, 6],
    },
    { name: 'a matrix of indices', inputs: [random(7, 3), indices([2, 5], 7)], build: gather },
    { name: 'a table of numbers', inputs: [random(7), indices([4], 7)], build: gather },
    { name: 'one index', inputs: [random(7, 2, 3), indices([], 7)], build: gather },
    { name: 'no index', inputs: [random(7, 2), indices([0], 7)], build: gather },
    { name: 'whole numbers', inputs: [rows(5, 6, 7), indices([4], 3)], build: gather },
  ],
  scatterAdd: [
    {
      name: 'two updates of one row, none of another',
      inputs: [matrix, rows(2, 2)],
      build: (updates, at) => scatterAdd(updates, at, 4),
      expected: [0, 0, 0, 0, 0, 0, 5, -3, 9, 0, 0, 0],
    },
    {
      name: 'a matrix of indices',
      inputs: [random(2, 5, 3), indices([2, 5], 4)],
      build: (updates, at) => scatterAdd(updates, at, 4),
    },
    {
      name: 'numbers',
      inputs: [random(6), indices([6], 3)],
      build: (updates, at) => scatterAdd(updates, at, 3),
    },
    { name: 'one update', inputs: [random(3), indices([], 2)], build: (x, at) => scatterAdd(x, at, 2) },
    { name: 'no update', inputs: [random(0, 3), indices([0], 2)], build: (x, at) => scatterAdd(x, at, 2) },
    { name: 'int64', inputs: [rows(5, 6, 7), rows(1, 1, 0)], build: (x, at) => scatterAdd(x, at, 2) },
  ],

  stopGradient: [
    {
      name: 'known values',
      inputs: [matrix],
      build: stopGradient,
      expected: [1, 2, 3, 4, -5, 6],
      gradient: 'zero',
    },
    {
      name: 'in front of a product',
      inputs: [random(3)],
      build: (x) => stopGradient(multiply(x, x)),
      gradient: 'zero',
    },
    { name: 'no elements', inputs: [random(0)], build: stopGradient },
  ],
  after: [
    { name: 'another value', inputs: [matrix, numbers([7])], build: after, expected: [1, 2, 3, 4, -5, 6] },
    {
      name: 'whatever the other value is',
      inputs: [random(2), numbers([Number.POSITIVE_INFINITY, 1])],
      build: after,
      gradient: 'one',
    },
    { name: 'whole numbers', inputs: [random(3), indices([2, 2], 5)], build: after },
    { name: 'a condition', inputs: [random(3), given(full([2], 1, 'bool'))], build: after },
    { name: 'a scalar after a matrix', inputs: [random(), random(3, 2)], build: after },
    { name: 'no elements', inputs: [random(0, 2), random(2)], build: after },
  ],
};
