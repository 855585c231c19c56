import { sizeOf } from '../arrays/index.ts';
import type { ConvolutionAttributes, Primitive, Tensor } from '../graph/index.ts';
import type { NodeBuilder } from './node-builder.ts';

/** Writes the ONNX nodes of a primitive and returns the name of the result. */
export type EmissionRule<P extends Primitive> = (
  inputs: readonly string[],
  tensor: Tensor<P>,
  build: NodeBuilder,
) => string;

export const emissions: { readonly [P in Primitive]: EmissionRule<P> } = {
  input: (_, { attributes: { name } }) => {
    throw new Error(`emit: the input "${name}" is not among the graph's inputs`);
  },
  constant: (_, { attributes: { value } }, build) => build.constant(value),

  negate: operator('Neg'),
  absolute: operator('Abs'),
  // WebGPU has no kernel for Sign.
  sign: ([x], { dtype }, build) => {
    if (build.dialect === 'contrib') return build.node('Sign', [x!]);
    const [zero, one] = [0, 1].map((value) => build.cast(build.number(value, 'float32'), dtype)) as [
      string,
      string,
    ];
    const negative = build.node('Where', [build.node('Greater', [zero, x!]), build.node('Neg', [one]), zero]);
    return build.node('Where', [build.node('Greater', [x!, zero]), one, negative]);
  },
  exp: operator('Exp'),
  log: operator('Log'),
  sqrt: operator('Sqrt'),
  reciprocal: operator('Reciprocal'),
  sin: operator('Sin'),
  cos: operator('Cos'),
  tanh: operator('Tanh'),
  sigmoid: operator('Sigmoid'),
  erf: operator('Erf'),
  floor: operator('Floor'),
  cast: ([x], { dtype }, build) => build.cast(x!, dtype),

  add: operator('Add'),
  subtract: operator('Sub'),
  multiply: operator('Mul'),
  divide: operator('Div'),
  power: operator('Pow'),
  maximum: operator('Max'),
  minimum: operator('Min'),
  equal: operator('Equal'),
  greater: operator('Greater'),
  select: operator('Where'),

  sum: (inputs, tensor, build) => {
    const stages = reductionStages(tensor);
    if (stages === undefined) return reduction('ReduceSum')(inputs, tensor, build);
    const partial = build.node('ReduceSum', [build.reshape(inputs[0]!, stages), build.integers([2])], {
      keepdims: 1,
    });
    const total = build.node('ReduceSum', [partial, build.integers([1])], { keepdims: 1 });
    return build.reshape(total, tensor.shape);
  },
  max: reduction('ReduceMax'),
  argMax: ([x], { attributes: { axis } }, build) => build.node('ArgMax', [x!], { axis, keepdims: 1 }),

  reshape: ([x], { shape }, build) => build.reshape(x!, shape),
  transpose: ([x], { attributes: { permutation } }, build) =>
    build.node('Transpose', [x!], { perm: permutation }),
  broadcast: ([x], { shape }, build) => build.node('Expand', [x!, build.integers(shape)]),
  concatenate: (inputs, { attributes: { axis } }, build) => build.node('Concat', inputs, { axis }),
  slice: ([x], { inputs: [source], attributes: { starts, ends, steps } }, build) => {
    const shape = source!.shape;
    const axes = shape.flatMap((size, axis) =>
      starts[axis] === 0 && ends[axis] === size && steps[axis] === 1 ? [] : [axis],
    );
    const operands = [starts, ends, axes, steps].map((values) =>
      build.integers(values === axes ? axes : axes.map((axis) => values[axis]!)),
    );
    return build.node('Slice', [x!, ...operands]);
  },
  pad: ([x], { attributes: { before, after } }, build) =>
    build.node('Pad', [x!, build.integers([...before, ...after])]),
  gather: ([table, indices], _, build) => build.node('Gather', [table!, indices!], { axis: 0 }),
  scatterAdd: ([updates, indices], { inputs, shape, dtype, attributes: { rows } }, build) => {
    const count = sizeOf(inputs[1]!.shape);
    const row = shape.slice(1);
    // In float16, sums lose much, and ONNX Runtime's ScatterND has no kernel on the CPU.
    const wide = dtype === 'float16' ? 'float32' : dtype;
    const addends = wide === dtype ? updates! : build.cast(updates!, wide);
    const zero = build.cast(build.number(0, 'float32'), wide);
    const zeros = build.node('Expand', [zero, build.integers([rows, ...row])]);
    const positions = build.reshape(build.cast(indices!, 'int64'), [count, 1]);
    const total = build.node('ScatterND', [zeros, positions, build.reshape(addends, [count, ...row])], {
      reduction: 'add',
    });
    return wide === dtype ? total : build.cast(total, dtype);
  },

  matmul: ([a, b], { inputs, attributes: { transposeA, transposeB } }, build) => {
    const [left, right] = inputs as [Tensor, Tensor];
    const empty = sizeOf(left.shape) === 0 || sizeOf(right.shape) === 0;
    const flags = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
    if (!transposeA && !transposeB) return build.node('MatMul', [a!, b!]);
    if (left.rank === 2 && right.rank === 2 && !empty) return build.node('Gemm', [a!, b!], flags);
    if (build.dialect === 'contrib' && !empty)
      return build.node('FusedMatMul', [a!, b!], flags, 'com.microsoft');
    const turned = (name: string, { rank }: Tensor, turn: boolean) =>
      turn ? build.node('Transpose', [name], { perm: swapLast(rank) }) : name;
    return build.node('MatMul', [turned(a!, left, transposeA), turned(b!, right, transposeB)]);
  },
  convolution: ([x, weight], { inputs, attributes }, build) =>
    build.node('Conv', [x!, weight!], convolutionAttributes(inputs[1]!, attributes)),
  transposedConvolution: ([x, weight], { inputs, attributes }, build) =>
    build.node('ConvTranspose', [x!, weight!], {
      ...convolutionAttributes(inputs[1]!, attributes),
      output_padding: attributes.outputPadding,
    }),

  softmax: ([x], _, build) => build.node('Softmax', [x!], { axis: -1 }),
  maxPool: ([x], { attributes: { window, strides, padding } }, build) =>
    build.node('MaxPool', [x!], { kernel_shape: window, strides, pads: padding }),

  stopGradient: operator('Identity'),
  // x + 0, where the zero is made from the dependency: no optimizer can see through it.
  after: ([x, dependency], { dtype, inputs }, build) => {
    const flat = build.reshape(dependency!, [sizeOf(inputs[1]!.shape)]);
    const first = build.node('Slice', [flat, build.integers([0]), build.integers([1])]);
    const half = dtype === 'float16' ? 'float16' : 'float32';
    const zero = build.number(0, half);
    const converted = inputs[1]!.dtype === dtype ? first : build.cast(first, dtype);
    return build.node('Add', [x!, build.reshape(build.node('Clip', [converted, zero, zero]), [])]);
  },
};

function operator(opType: string) {
  return (inputs: readonly string[], _: Tensor, build: NodeBuilder): string => build.node(opType, inputs);
}

function reduction(opType: string) {
  return (
    [x]: readonly string[],
    { attributes: { axes } }: Tensor<'sum' | 'max'>,
    build: NodeBuilder,
  ): string => build.node(opType, [x!, build.integers(axes)], { keepdims: 1 });
}

/** Sums of more elements than this are taken in two stages. */
const longSum = 4096;

/**
 * [outer, stages, elements a stage] for a long sum over trailing axes. ONNX Runtime adds one after the other: in two
 * stages the rounding errors stay small, and one sum over everything is shared between the threads.
 */
function reductionStages({
  inputs,
  attributes: { axes },
}: Tensor<'sum'>): [number, number, number] | undefined {
  const { shape } = inputs[0]!;
  const first = Math.min(...axes);
  const length = sizeOf(shape.slice(first));
  if (axes.length !== shape.length - first || length <= longSum) return undefined;
  let perStage = Math.min(longSum, Math.ceil(Math.sqrt(length)));
  while (length % perStage !== 0) perStage--;
  return perStage < 16 ? undefined : [sizeOf(shape.slice(0, first)), length / perStage, perStage];
}

const swapLast = (rank: number): number[] =>
  Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));

const convolutionAttributes = (
  kernel: Tensor,
  { strides, padding, dilations, groups }: ConvolutionAttributes,
) => ({ kernel_shape: kernel.shape.slice(2), strides, pads: padding, dilations, group: groups });
