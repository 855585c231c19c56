import { describe, expect, it } from 'vitest';
import { type DType, type Shape, scalar } from '../../../src/engine/arrays/index.ts';
import { gradient } from '../../../src/engine/autodiff/index.ts';
import {
  absolute,
  add,
  after,
  argMax,
  attention,
  broadcast,
  concatenate,
  convolution,
  cos,
  createTensor,
  divide,
  equal,
  erf,
  evaluate,
  exp,
  floor,
  gather,
  greater,
  groupNorm,
  input,
  log,
  matmul,
  max,
  maximum,
  maxPool,
  minimum,
  multiply,
  negate,
  type Primitive,
  pad,
  power,
  reciprocal,
  reshape,
  ShapeError,
  scatterAdd,
  scope,
  select,
  sigmoid,
  sign,
  sin,
  slice,
  softmax,
  spec,
  split,
  sqrt,
  subtract,
  sum,
  type Tensor,
  tanh,
  trace,
  transpose,
  transposedConvolution,
} from '../../../src/engine/graph/index.ts';

const tensor = (shape: Shape, dtype: DType = 'float32'): Tensor => input('x', spec(shape, dtype));
const [matrix, row, flags] = [tensor([2, 3]), tensor([4]), tensor([2], 'bool')];
const [ints, picture] = [tensor([2], 'int32'), tensor([1, 4, 8, 8])];

type Misuse = readonly [build: () => unknown, message: string];

const notFloat = 'expected float32, float16 or float64, got int32[2]; cast it first';
const notNumbers = 'expected floats (not bfloat16), int32 or int64, got bool[2]; cast it first';
const apart = 'shapes [2, 3] and [4] do not broadcast: 3 against 4';
const mixed = 'both sides need one dtype, got float32[2, 3] and int32[2]; cast one of them';

/** What each primitive refuses, and how it says so. */
const misuses: { readonly [P in Primitive]: readonly Misuse[] | 'takes anything' } = {
  input: [[() => createTensor('input', [], { name: 'x' }), 'an input is made by trace(), from a spec']],
  constant: 'takes anything',

  negate: [[() => negate(flags), notNumbers]],
  absolute: [[() => absolute(tensor([1], 'uint8')), notNumbers.replace('bool[2]', 'uint8[1]')]],
  sign: [[() => sign(tensor([1], 'bfloat16')), notNumbers.replace('bool[2]', 'bfloat16[1]')]],
  exp: [[() => exp(ints), notFloat]],
  log: [[() => log(ints), notFloat]],
  sqrt: [[() => sqrt(ints), notFloat]],
  reciprocal: [[() => reciprocal(ints), notFloat]],
  sin: [[() => sin(ints), notFloat]],
  cos: [[() => cos(ints), notFloat]],
  tanh: [[() => tanh(ints), notFloat]],
  sigmoid: [[() => sigmoid(ints), notFloat]],
  erf: [[() => erf(ints), notFloat]],
  floor: [[() => floor(ints), notFloat]],
  cast: 'takes anything',

  add: [
    [() => add(matrix, row), apart],
    [() => add(matrix, ints), mixed],
    [() => add(flags, flags), notNumbers],
  ],
  subtract: [[() => subtract(matrix, row), apart]],
  multiply: [[() => multiply(matrix, ints), mixed]],
  divide: [[() => divide(matrix, row), apart]],
  power: [[() => power(matrix, row), apart]],
  maximum: [[() => maximum(matrix, row), apart]],
  minimum: [[() => minimum(flags, 1), notNumbers]],
  equal: [[() => equal(matrix, ints), mixed]],
  greater: [[() => greater(flags, flags), notNumbers]],
  select: [
    [() => select(ints, matrix, matrix), 'the condition is bool, got int32[2]'],
    [() => select(flags, matrix, 0), 'shapes [2] and [2, 3] do not broadcast: 2 against 3'],
  ],

  sum: [
    [() => sum(matrix, { axes: [-3] }), 'float32[2, 3] has no axis -3'],
    [() => sum(matrix, { axes: [1, -1] }), 'axes [1, 1] name one twice'],
    [() => sum(flags), notNumbers],
  ],
  max: [
    [() => max(matrix, { axes: [2] }), 'float32[2, 3] has no axis 2'],
    [() => max(tensor([3, 0])), 'nothing to take the maximum of in float32[3, 0]'],
  ],
  argMax: [
    [() => argMax(matrix, 0.5), 'float32[2, 3] has no axis 0.5'],
    [() => argMax(tensor([3, 0])), 'nothing to take the maximum of in float32[3, 0]'],
    [() => argMax(flags), notNumbers],
  ],

  reshape: [
    [() => reshape(matrix, [4]), 'float32[2, 3] has 6 elements, the new shape [4] has 4'],
    [() => reshape(matrix, [-2, -3]), 'sizes are whole numbers ≥ 0, got [-2, -3]'],
    [
      () => reshape(tensor([5]), [2, -1]),
      'float32[5] has 5 elements, from which [2, -1] does not follow; one size may be −1 if the others divide the elements',
    ],
    [
      () => reshape(matrix, [-1, -1]),
      'float32[2, 3] has 6 elements, from which [-1, -1] does not follow; one size may be −1 if the others divide the elements',
    ],
    [
      () => reshape(tensor([0, 3]), [0, -1]),
      'float32[0, 3] has 0 elements, from which [0, -1] does not follow; one size may be −1 if the others divide the elements',
    ],
  ],
  transpose: [
    [
      () => transpose(matrix, [0, 2]),
      'float32[2, 3] needs each of its 2 axes once, got the permutation [0, 2]',
    ],
  ],
  broadcast: [
    [() => broadcast(matrix, [2, 4]), 'float32[2, 3] cannot be broadcast to [2, 4]'],
    [() => broadcast(matrix, [3]), 'float32[2, 3] cannot be broadcast to [3]'],
    [() => broadcast(tensor([1]), [-4]), 'sizes are whole numbers ≥ 0, got [-4]'],
  ],
  concatenate: [
    [
      () => concatenate([matrix, tensor([2, 4])], 0),
      'tensors may differ only along axis 0, got float32[2, 3] and float32[2, 4]',
    ],
    [() => concatenate([], 0), 'expected at least one tensor, got none'],
    [() => concatenate([matrix, matrix], 2), 'float32[2, 3] has no axis 2'],
  ],
  slice: [
    [
      () => slice(matrix, { axis: 1, start: 2, end: 4 }),
      '2 to 4 by 1 does not lie within axis 1 of float32[2, 3]',
    ],
    [
      () => slice(matrix, { axis: 1, start: 0.5 }),
      '0.5 to 3 by 1 does not lie within axis 1 of float32[2, 3]',
    ],
    [() => slice(matrix, { axis: 0, step: 0 }), '0 to 2 by 0 does not lie within axis 0 of float32[2, 3]'],
    [() => slice(matrix, { axis: 2, end: 1 }), 'float32[2, 3] has no axis 2'],
  ],
  pad: [
    [
      () => pad(matrix, [0, -1], [0, 0]),
      'float32[2, 3] needs whole widths ≥ 0 for each axis, got [0, -1] and [0, 0]',
    ],
    [
      () => pad(matrix, [1], [0, 0]),
      'float32[2, 3] needs whole widths ≥ 0 for each axis, got [1] and [0, 0]',
    ],
  ],
  gather: [
    [() => gather(matrix, row), 'indices are int32 or int64, got float32[4]'],
    [() => gather(tensor([]), ints), 'the table needs at least one axis, got a scalar'],
  ],
  scatterAdd: [
    [() => scatterAdd(row, ints, 3), 'updates float32[4] must start with the axes of the indices int32[2]'],
    [() => scatterAdd(matrix, ints, 1.5), 'sizes are whole numbers ≥ 0, got [1.5]'],
  ],

  matmul: [
    [() => matmul(matrix, row), 'expected matrices or stacks of them, got float32[2, 3] and float32[4]'],
    [() => matmul(matrix, matrix), 'float32[2, 3] and float32[2, 3]: the inner sizes 3 and 2 must agree'],
    [
      () => matmul(matrix, tensor([3, 4]), { transposeA: true, transposeB: true }),
      'float32[2, 3] and float32[3, 4], the first transposed, the second transposed: the inner sizes 2 and 4 must agree',
    ],
    [
      () => matmul(tensor([5, 2, 3]), tensor([4, 3])),
      'float32[5, 2, 3] and float32[4, 3]: the inner sizes 3 and 4 must agree',
    ],
    [() => matmul(tensor([2, 2, 3]), tensor([5, 3, 1])), 'shapes [2] and [5] do not broadcast: 2 against 5'],
  ],
  convolution: [
    [
      () => convolution(picture, tensor([320, 8, 3, 3])),
      'kernel [320, 8, 3, 3] expects 8 input channels, got 4 in [1, 4, 8, 8]',
    ],
    [
      () => convolution(picture, tensor([6, 3, 3, 3]), { groups: 2 }),
      'kernel [6, 3, 3, 3] expects 2 × 3 input channels, got 4 in [1, 4, 8, 8]',
    ],
    [
      () => convolution(picture, tensor([1, 4, 9, 9])),
      'kernel [1, 4, 9, 9] is larger than the padded [1, 4, 8, 8]',
    ],
    [
      () => convolution(matrix, tensor([1, 4, 9, 9])),
      'expected an input [batch, channels, height, width] and a kernel of four axes, got float32[2, 3] and float32[1, 4, 9, 9]',
    ],
    [
      () => convolution(picture, tensor([1, 4, 3, 3]), { strides: 0 }),
      'strides, dilations and groups are whole numbers ≥ 1, got [0, 0, 1, 1, 1]',
    ],
    [
      () => convolution(picture, tensor([1, 4, 3, 3]), { padding: -1 }),
      'padding is made of whole numbers ≥ 0, got [-1, -1, -1, -1]',
    ],
  ],
  transposedConvolution: [
    [
      () => transposedConvolution(picture, tensor([3, 4, 3, 3])),
      'kernel [3, 4, 3, 3] expects 3 input channels, got 4 in [1, 4, 8, 8]',
    ],
    [
      () => transposedConvolution(picture, tensor([4, 4, 3, 3]), { strides: 2, outputPadding: [2, 0] }),
      'the output padding is made of whole numbers from 0 to a stride − 1, got [2, 0] with the strides [2, 2]',
    ],
    [
      () => transposedConvolution(picture, tensor([4, 4, 3, 3]), { padding: 5 }),
      'the padding [5, 5, 5, 5] leaves nothing of [1, 4, 8, 8]',
    ],
  ],

  softmax: [
    [() => softmax(ints), notFloat],
    [() => softmax(tensor([])), 'expected at least one axis, got a scalar'],
  ],
  maxPool: [
    [() => maxPool(matrix, { window: 2 }), 'expected [batch, channels, height, width], got float32[2, 3]'],
    [
      () => maxPool(picture, { window: 9 }),
      'the window [9, 9] is larger than the padded float32[1, 4, 8, 8]',
    ],
    [
      () => maxPool(picture, { window: 2, padding: 2 }),
      'padding is whole and smaller than the window [2, 2], got [2, 2, 2, 2]',
    ],
    [
      () => maxPool(picture, { window: 2, strides: 0.5 }),
      'window and strides are whole numbers ≥ 1, got [2, 2, 0.5, 0.5]',
    ],
  ],

  stopGradient: 'takes anything',
  after: [[() => after(matrix, tensor([0])), 'nothing to wait for in float32[0]']],
};

describe.each(
  Object.entries(misuses).filter((entry): entry is [string, Misuse[]] => typeof entry[1] !== 'string'),
)('%s', (primitive, rows) => {
  it.each(rows.map(([build, message]) => [message, build] as const))('says "%s"', (message, build) => {
    const expected = new ShapeError(`${primitive}: ${message} (at unet.conv_in)`);
    expect(() => scope('unet', () => scope('conv_in', build))).toThrow(expected);
  });
});

describe('beside the primitives', () => {
  it.each<[string, () => unknown]>([
    ['arithmetic: expected a tensor on at least one side, got the numbers 1 and 2', () => add(1, 2)],
    ['split: axis 1 of float32[2, 3] cannot be split into 2 equal parts', () => split(matrix, 2, 1)],
    ['split: axis -1 of float32[2, 3] cannot be split into parts of 1, 3', () => split(matrix, [1, 3], -1)],
    ['split: float32[2, 3] has no axis 2', () => split(matrix, 1, 2)],
    [
      'groupNorm: 3 groups do not divide the channels of float32[1, 4, 8, 8]',
      () => groupNorm(picture, 3, { weight: row, bias: row }),
    ],
    [
      'attention: a bias float32[2, 3] does not broadcast to the scores [1, 4, 8, 8]',
      () => attention(picture, picture, picture, { bias: matrix, blockSize: 8 }),
    ],
    [
      'gradient: the loss is a float scalar, got float32[2, 3]; sum or average it first',
      () => gradient(matrix, row),
    ],
    [
      'gradient: the loss is a float scalar, got int32[]; sum or average it first',
      () => gradient(sum(ints), row),
    ],
    [
      'gradient: only floats have gradients, got int32[2] as "a.0"',
      () => gradient(sum(matrix), { a: [ints] }),
    ],
    ['gradient: only floats have gradients, got int32[2]', () => gradient(sum(matrix), ints)],
  ])('says "%s"', (message, build) => {
    expect(build).toThrow(new ShapeError(message));
    expect(() => scope('vae', build)).toThrow(new ShapeError(`${message} (at vae)`));
  });

  it('names no scope outside of one, also after an error within', () => {
    expect(() => scope('inner', () => add(matrix, row))).toThrow('(at inner)');
    expect(() => add(matrix, row)).toThrow(new ShapeError(`add: ${apart}`));
  });

  it('refuses an output that is not a tensor', () => {
    expect(() => trace(() => ({ y: scalar(1) as unknown as Tensor }), {})).toThrow(
      new Error('trace: the output "y" is not a tensor'),
    );
  });

  it('refuses to evaluate an input that has no value', () => {
    expect(() => evaluate([input('temperature', spec([]))])).toThrow(
      new Error('evaluate: no value was given for the input "temperature"'),
    );
  });
});
