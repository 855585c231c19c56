import { isFloating, type Shape, sizeOf } from '../arrays/index.ts';
import {
  broadcast,
  cast,
  convolution,
  convolutionWeightGradient,
  cos,
  dilate,
  divide,
  equal,
  exp,
  gather,
  greater,
  log,
  matmul,
  maxPoolGradient,
  multiply,
  negate,
  type Primitive,
  pad,
  power,
  reshape,
  scatterAdd,
  select,
  sign,
  sin,
  slice,
  stopGradient,
  subtract,
  sum,
  type Tensor,
  transpose,
  transposedConvolution,
} from '../graph/index.ts';

/**
 * The cotangents of a primitive's inputs, from the cotangent g of its result (same shape as the result).
 * `undefined` for an input to which no gradient flows.
 */
export type GradientRule<P extends Primitive> = (
  g: Tensor,
  result: Tensor<P>,
) => readonly (Tensor | undefined)[];

export const gradientRules: { readonly [P in Primitive]: GradientRule<P> } = {
  input: () => [],
  constant: () => [],

  // y = f(x):  x̄ = f′(x) · ȳ
  negate: (g) => [negate(g)],
  absolute: (g, { inputs: [x] }) => [multiply(g, sign(x!))],
  sign: () => [undefined],
  exp: (g, y) => [multiply(g, y)],
  log: (g, { inputs: [x] }) => [divide(g, x!)],
  sqrt: (g, y) => [divide(multiply(g, 0.5), y)],
  reciprocal: (g, y) => [negate(multiply(g, multiply(y, y)))],
  sin: (g, { inputs: [x] }) => [multiply(g, cos(x!))],
  cos: (g, { inputs: [x] }) => [negate(multiply(g, sin(x!)))],
  tanh: (g, y) => [multiply(g, subtract(1, multiply(y, y)))],
  sigmoid: (g, y) => [multiply(g, multiply(y, subtract(1, y)))],
  erf: (g, { inputs: [x] }) => [multiply(g, multiply(exp(negate(multiply(x!, x!))), 2 / Math.sqrt(Math.PI)))],
  floor: () => [undefined],
  cast: (g, { inputs: [x] }) => [isFloating(x!.dtype) && isFloating(g.dtype) ? cast(g, x!.dtype) : undefined],

  // Broadcast operands get the sum over what they were repeated along.
  add: (g, { inputs: [a, b] }) => [sumTo(g, a!), sumTo(g, b!)],
  subtract: (g, { inputs: [a, b] }) => [sumTo(g, a!), sumTo(negate(g), b!)],
  multiply: (g, { inputs: [a, b] }) => [sumTo(multiply(g, b!), a!), sumTo(multiply(g, a!), b!)],
  divide: (g, y) => {
    const [a, b] = y.inputs;
    const scaled = divide(g, b!);
    return [sumTo(scaled, a!), sumTo(negate(multiply(scaled, y)), b!)];
  },
  power: (g, y) => {
    const [a, b] = y.inputs as [Tensor, Tensor];
    const toBase = multiply(g, multiply(b, power(a, subtract(b, 1))));
    const toExponent = b.primitive === 'constant' ? undefined : sumTo(multiply(g, multiply(y, log(a))), b);
    return [sumTo(toBase, a), toExponent];
  },
  maximum: (g, { inputs: [a, b] }) => chosen(g, greater(b!, a!), a!, b!),
  minimum: (g, { inputs: [a, b] }) => chosen(g, greater(a!, b!), a!, b!),
  equal: () => [undefined, undefined],
  greater: () => [undefined, undefined],
  select: (g, { inputs: [condition, a, b] }) => [
    undefined,
    sumTo(select(condition!, g, 0), a!),
    sumTo(select(condition!, 0, g), b!),
  ],

  sum: (g, { inputs: [x] }) => [broadcast(g, x!.shape)],
  max: (g, y) => {
    const [x] = y.inputs;
    const hits = cast(equal(x!, y), x!.dtype);
    const count = sum(hits, { axes: y.attributes.axes, keepAxes: true });
    return [multiply(hits, divide(g, count))];
  },
  argMax: () => [undefined],

  reshape: (g, { inputs: [x] }) => [reshape(g, x!.shape)],
  transpose: (g, { attributes: { permutation } }) => [
    transpose(
      g,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  broadcast: (g, { inputs: [x] }) => [sumTo(g, x!)],
  concatenate: (g, { inputs, attributes: { axis } }) => {
    let start = 0;
    return inputs.map(({ shape }) => {
      start += shape[axis]!;
      return slice(g, { axis, start: start - shape[axis]!, end: start });
    });
  },
  slice: (g, { inputs: [x], attributes: { starts, steps } }) => {
    const spread = g.shape.reduce((spread, _, axis) => dilate(spread, axis, steps[axis]!), g);
    const room = x!.shape.map((size, axis) => size - starts[axis]! - spread.shape[axis]!);
    // An empty slice may start anywhere; its gradient is zero everywhere.
    return [sizeOf(g.shape) === 0 ? undefined : pad(spread, starts, room)];
  },
  pad: (g, { inputs: [x], attributes: { before } }) => [
    x!.shape.reduce(
      (inner, size, axis) => slice(inner, { axis, start: before[axis]!, end: before[axis]! + size }),
      g,
    ),
  ],
  gather: (g, { inputs: [table, indices] }) => [scatterAdd(g, indices!, table!.shape[0]!), undefined],
  scatterAdd: (g, { inputs: [, indices] }) => [gather(g, indices!), undefined],

  matmul: (g, { inputs, attributes: { transposeA, transposeB } }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    const toA = transposeA
      ? matmul(b, g, { transposeA: transposeB, transposeB: true })
      : matmul(g, b, { transposeB: !transposeB });
    const toB = transposeB
      ? matmul(g, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, g, { transposeA: !transposeA });
    return [sumTo(toA, a), sumTo(toB, b)];
  },
  convolution: (g, { inputs, attributes }) => {
    const [x, weight] = inputs as [Tensor, Tensor];
    const kernel = weight.shape.slice(2) as [number, number];
    const leftOver = ([0, 1] as const).map((axis) => {
      const extent =
        (g.shape[2 + axis]! - 1) * attributes.strides[axis] +
        attributes.dilations[axis] * (kernel[axis] - 1) +
        1;
      return x.shape[2 + axis]! + attributes.padding[axis] + attributes.padding[axis + 2]! - extent;
    }) as [number, number];
    return [
      transposedConvolution(g, weight, { ...attributes, outputPadding: leftOver }),
      convolutionWeightGradient(x, g, kernel, attributes),
    ];
  },
  transposedConvolution: (g, { inputs, attributes }) => {
    const [x, weight] = inputs as [Tensor, Tensor];
    return [
      convolution(g, weight, attributes),
      convolutionWeightGradient(g, x, weight.shape.slice(2) as [number, number], attributes),
    ];
  },

  // x̄ = y · (ȳ − ⟨ȳ, y⟩)
  softmax: (g, y) => {
    const weighted = multiply(g, y);
    return [subtract(weighted, multiply(y, sum(weighted, { axes: [-1], keepAxes: true })))];
  },
  maxPool: (g, y) => [maxPoolGradient(y.inputs[0]!, stopGradient(y), g, y.attributes)],

  stopGradient: () => [undefined],
  after: (g) => [g, undefined],
};

/** Sums a cotangent over the axes along which an operand was broadcast. */
function sumTo(g: Tensor, { shape }: { readonly shape: Shape }): Tensor {
  const leading = g.rank - shape.length;
  const axes = g.shape.flatMap((size, axis) =>
    axis < leading || (shape[axis - leading] === 1 && size !== 1) ? [axis] : [],
  );
  return axes.length === 0 ? g : reshape(sum(g, { axes, keepAxes: true }), shape);
}

/** The cotangent goes to b where it was taken, else to a. */
const chosen = (g: Tensor, takesB: Tensor, a: Tensor, b: Tensor): readonly Tensor[] => [
  sumTo(select(takesB, 0, g), a),
  sumTo(select(takesB, g, 0), b),
];
