import { fromNested, full, type NestedNumbers, ndArray } from '../../../../src/engine/arrays/index.ts';
import {
  absolute,
  add,
  cast,
  cos,
  divide,
  equal,
  erf,
  exp,
  floor,
  greater,
  log,
  maximum,
  minimum,
  multiply,
  negate,
  type Operand,
  type Primitive,
  power,
  reciprocal,
  select,
  sigmoid,
  sign,
  sin,
  sqrt,
  subtract,
  type Tensor,
  tanh,
} from '../../../../src/engine/graph/index.ts';
import { type Case, given, type KnownCase, positive, random } from '../case.ts';

const numbers = (values: NestedNumbers) => given(fromNested(values));
const bools = (...values: number[]) => given(ndArray('bool', [values.length], Uint8Array.from(values)));
const ints = (...values: number[]) => given(ndArray('int32', [values.length], Int32Array.from(values)));
const longs = (...values: number[]) =>
  given(ndArray('int64', [values.length], BigInt64Array.from(values, BigInt)));

/** Known values, then odd sizes, a scalar and nothing at all. */
const unary = (
  build: (x: Tensor) => Tensor,
  values: readonly number[],
  expected: readonly number[],
  { draw = random, more = [] }: { readonly draw?: typeof random; readonly more?: readonly Case[] } = {},
): readonly [KnownCase, ...Case[]] => [
  { name: 'known values', inputs: [numbers(values)], build, expected },
  { name: 'odd sizes', inputs: [draw(3, 1, 7)], build },
  { name: 'a scalar', inputs: [draw()], build },
  { name: 'no elements', inputs: [draw(2, 0, 3)], build },
  ...more,
];

/** Known values, then every way to broadcast. */
const binary = (
  build: (a: Operand, b: Operand) => Tensor,
  a: readonly number[],
  b: readonly number[],
  expected: readonly number[],
  { draw = random, more = [] }: { readonly draw?: typeof random; readonly more?: readonly Case[] } = {},
): readonly [KnownCase, ...Case[]] => [
  { name: 'known values', inputs: [numbers(a), numbers(b)], build, expected },
  { name: 'one shape', inputs: [draw(2, 3, 5), draw(2, 3, 5)], build },
  { name: 'a row over a matrix', inputs: [draw(3, 4), draw(4)], build },
  { name: 'a matrix and a scalar', inputs: [draw(3, 4), draw()], build },
  { name: 'a scalar and a stack', inputs: [draw(), draw(2, 1, 3)], build },
  { name: 'a column and a row', inputs: [draw(3, 1), draw(1, 5)], build },
  { name: 'missing leading axes on the left', inputs: [draw(1, 3), draw(2, 4, 3)], build },
  { name: 'axes of one on both sides', inputs: [draw(1, 2, 1), draw(3, 1, 1)], build },
  { name: 'no elements over one', inputs: [draw(0, 3), draw(1, 3)], build },
  { name: 'the same tensor twice', inputs: [draw(5)], build: (x) => build(x, x) },
  { name: 'a number on the right', inputs: [draw(3)], build: (x) => build(x, 0.75) },
  { name: 'a number on the left', inputs: [draw(3)], build: (x) => build(0.75, x) },
  ...more,
];

type Names = Extract<
  Primitive,
  | 'negate'
  | 'absolute'
  | 'sign'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'reciprocal'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'sigmoid'
  | 'erf'
  | 'floor'
  | 'cast'
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'power'
  | 'maximum'
  | 'minimum'
  | 'equal'
  | 'greater'
  | 'select'
>;

export const elementByElement: { readonly [P in Names]: readonly [KnownCase, ...Case[]] } = {
  negate: unary(negate, [1.5, 0.5, -2], [-1.5, -0.5, 2], {
    more: [{ name: 'whole numbers', inputs: [ints(3, -4)], build: negate, expected: [-3, 4] }],
  }),
  absolute: unary(absolute, [1.5, 0.5, -2], [1.5, 0.5, 2], {
    more: [{ name: 'whole numbers', inputs: [longs(3, -4)], build: absolute, expected: [3, 4] }],
  }),
  sign: unary(sign, [1.5, -0.25, -2], [1, -1, -1], {
    more: [{ name: 'zero', inputs: [numbers([0])], build: sign, expected: [0], gradient: 'zero' }],
  }),
  exp: unary(exp, [0, 1, -1], [1, Math.E, 0.36787944117144233]),
  log: unary(log, [1, 2, 0.5], [0, Math.LN2, -Math.LN2], { draw: positive }),
  sqrt: unary(sqrt, [0.25, 2, 9], [0.5, Math.SQRT2, 3], { draw: positive }),
  reciprocal: unary(reciprocal, [4, -0.5, 1], [0.25, -2, 1], { draw: positive }),
  sin: unary(sin, [0, 1, -2], [0, 0.8414709848078965, -0.9092974268256817]),
  cos: unary(cos, [0, 1, -2], [1, 0.5403023058681398, -0.4161468365471424]),
  tanh: unary(tanh, [0, 1, -2], [0, 0.7615941559557649, -0.9640275800758169]),
  sigmoid: unary(sigmoid, [0, 1, -2], [0.5, 0.7310585786300049, 0.11920292202211755]),
  erf: unary(
    erf,
    [0, 0.5, 1, -2, 2.75, 4],
    [0, 0.5204998778130465, 0.8427007929497149, -0.9953222650189527, 0.9998993780778803, 0.9999999845827421],
  ),
  floor: unary(floor, [1.5, -1.5, -0.25], [1, -2, -1], {
    more: [{ name: 'a whole number', inputs: [numbers([2])], build: floor, expected: [2], gradient: 'zero' }],
  }),
  cast: [
    {
      name: 'a float to a whole number, towards zero',
      inputs: [numbers([1.75, -1.75, 0.25])],
      build: (x) => cast(x, 'int32'),
      expected: [1, -1, 0],
    },
    {
      name: 'a float to a condition: all but zero hold',
      inputs: [numbers([1, 0, 0.25, -3])],
      build: (x) => cast(x, 'bool'),
      expected: [1, 0, 1, 1],
    },
    {
      name: 'a condition to a float',
      inputs: [bools(1, 0)],
      build: (x) => cast(x, 'float32'),
      expected: [1, 0],
    },
    {
      name: 'bytes to floats',
      inputs: [given(full([2], 200, 'uint8'))],
      build: (x) => cast(x, 'float32'),
      expected: [200, 200],
    },
    { name: 'to int64 and back', inputs: [ints(7, -8)], build: (x) => cast(cast(x, 'int64'), 'float32') },
    {
      name: 'to float16, rounded to nearest',
      inputs: [numbers([1 / 3, 2049, 1e-7])],
      build: (x) => cast(x, 'float16'),
      expected: [0.333251953125, 2048, 1.1920928955078125e-7],
      gradient: 'one',
    },
    {
      name: 'to float64',
      inputs: [random(2, 3)],
      build: (x) => cast(x, 'float64'),
      gradient: 'one', // the reference rounds to float32 on the way
    },
    { name: 'no elements', inputs: [random(0)], build: (x) => cast(x, 'int64') },
  ],
  add: binary(add, [1, 2, -3], [0.5, -2, 4], [1.5, 0, 1], {
    more: [{ name: 'whole numbers', inputs: [ints(1, 2), ints(5, -9)], build: add, expected: [6, -7] }],
  }),
  subtract: binary(subtract, [1, 2, -3], [0.5, -2, 4], [0.5, 4, -7]),
  multiply: binary(multiply, [1, 2, -3], [0.5, -2, 4], [0.5, -4, -12], {
    more: [{ name: 'int64', inputs: [longs(3, 4), longs(5, -9)], build: multiply, expected: [15, -36] }],
  }),
  divide: binary(divide, [1, 2, -3], [0.5, -2, 4], [2, -1, -0.75], {
    draw: positive,
    more: [
      {
        name: 'whole numbers, towards zero',
        inputs: [ints(7, -7), ints(2, 2)],
        build: divide,
        expected: [3, -3],
      },
    ],
  }),
  power: binary(power, [2, 9, 4], [3, 0.5, -1], [8, 3, 0.25], {
    draw: positive,
    more: [
      { name: 'the square of any number', inputs: [random(4)], build: (x) => power(x, 2) },
      { name: 'a whole negative power', inputs: [random(4)], build: (x) => power(x, -3) },
    ],
  }),
  maximum: binary(maximum, [1, 2, -3], [0.5, 2.5, 4], [1, 2.5, 4], {
    // Against itself the gradient goes to the first operand, which is the whole of it.
    more: [{ name: 'whole numbers', inputs: [ints(1, 2), ints(5, -9)], build: maximum, expected: [5, 2] }],
  }),
  minimum: binary(minimum, [1, 2, -3], [0.5, 2.5, 4], [0.5, 2, -3]),
  equal: binary(equal, [1, 2, -3], [1, 2.5, -3], [1, 0, 1], {
    more: [
      { name: 'whole numbers', inputs: [longs(1, 2), longs(1, 3)], build: equal, expected: [1, 0] },
      { name: 'conditions', inputs: [bools(1, 0), bools(1, 1)], build: equal, expected: [1, 0] },
    ],
  }),
  greater: binary(greater, [1, 2, -3], [0.5, 2, 4], [1, 0, 0]),
  select: [
    {
      name: 'known values',
      inputs: [bools(1, 0, 1), numbers([1, 2, 3]), numbers([-1, -2, -3])],
      build: select,
      expected: [1, -2, 3],
    },
    {
      name: 'three shapes that broadcast',
      inputs: [bools(1, 0, 1), random(2, 1), random(4, 1, 1)],
      build: select,
    },
    { name: 'a number if not', inputs: [bools(1, 0), random(2)], build: (c, x) => select(c, x, 0) },
    { name: 'a number if so', inputs: [bools(1, 0), random(2)], build: (c, x) => select(c, 1, x) },
    { name: 'a condition larger than both', inputs: [bools(1, 0, 0), random(), random(1)], build: select },
    { name: 'whole numbers', inputs: [bools(1, 0), ints(1, 2), ints(3, 4)], build: select, expected: [1, 4] },
    {
      name: 'no elements',
      inputs: [given(full([0, 2], 1, 'bool')), random(0, 2), random(2)],
      build: select,
    },
  ],
};
