import { type DType, formatShape, isFloating, type Shape, sizeOf } from '../arrays/index.ts';
import type { Attributes, ConvolutionAttributes, Primitive } from './primitive.ts';
import { ShapeError } from './shape-error.ts';
import type { Tensor, TensorSpec } from './tensor.ts';

/** dtype and shape of a result. @throws ShapeError if the operands do not fit. */
export type ShapeRule<P extends Primitive> = (
  inputs: readonly Tensor[],
  attributes: Attributes[P],
) => TensorSpec;

export const shapeRules: { readonly [P in Primitive]: ShapeRule<P> } = {
  input: () => fail('an input is made by trace(), from a spec'),
  constant: (_, { value }) => value,

  negate: numeric,
  absolute: numeric,
  sign: numeric,
  exp: floating,
  log: floating,
  sqrt: floating,
  reciprocal: floating,
  sin: floating,
  cos: floating,
  tanh: floating,
  sigmoid: floating,
  erf: floating,
  floor: floating,
  cast: ([x], { dtype }) => ({ dtype, shape: x!.shape }),

  add: arithmetic,
  subtract: arithmetic,
  multiply: arithmetic,
  divide: arithmetic,
  power: arithmetic,
  maximum: arithmetic,
  minimum: arithmetic,
  equal: (inputs) => ({ dtype: 'bool', shape: binary(inputs).shape }),
  greater: (inputs) => ({ dtype: 'bool', shape: arithmetic(inputs).shape }),
  select: ([condition, whenTrue, whenFalse]) => {
    if (condition!.dtype !== 'bool') fail(`the condition is bool, got ${condition}`);
    const { dtype, shape } = arithmetic([whenTrue!, whenFalse!]);
    return { dtype, shape: broadcastShapes(condition!.shape, shape) };
  },

  sum: (inputs, { axes }) => ({ ...numeric(inputs), shape: keepReduced(inputs[0]!, axes) }),
  max: (inputs, { axes }) => {
    const [x] = inputs;
    if (axes.some((axis) => x!.shape[axis] === 0)) fail(`nothing to take the maximum of in ${x}`);
    return { ...numeric(inputs), shape: keepReduced(x!, axes) };
  },
  argMax: ([x], { axis }) => {
    if (x!.shape[axis] === 0) fail(`nothing to take the maximum of in ${x}`);
    numeric([x!]);
    return { dtype: 'int64', shape: keepReduced(x!, [axis]) };
  },

  reshape: ([x], { shape }) => {
    checkSizes(shape);
    if (sizeOf(shape) !== sizeOf(x!.shape)) {
      fail(`${x} has ${sizeOf(x!.shape)} elements, the new shape ${formatShape(shape)} has ${sizeOf(shape)}`);
    }
    return { dtype: x!.dtype, shape };
  },
  transpose: ([x], { permutation }) => {
    const sorted = [...permutation].sort((a, b) => a - b);
    if (permutation.length !== x!.rank || sorted.some((axis, index) => axis !== index)) {
      fail(`${x} needs each of its ${x!.rank} axes once, got the permutation ${formatShape(permutation)}`);
    }
    return { dtype: x!.dtype, shape: permutation.map((axis) => x!.shape[axis]!) };
  },
  broadcast: ([x], { shape }) => {
    checkSizes(shape);
    const offset = shape.length - x!.rank;
    const fits = x!.shape.every((size, axis) => size === 1 || size === shape[axis + offset]);
    if (offset < 0 || !fits) fail(`${x} cannot be broadcast to ${formatShape(shape)}`);
    return { dtype: x!.dtype, shape };
  },
  concatenate: (inputs, { axis }) => {
    const [first] = inputs;
    if (first === undefined) return fail('expected at least one tensor, got none');
    checkAxis(first, axis);
    for (const other of inputs) {
      const fits =
        other.rank === first.rank &&
        other.dtype === first.dtype &&
        other.shape.every((size, i) => i === axis || size === first.shape[i]);
      if (!fits) fail(`tensors may differ only along axis ${axis}, got ${first} and ${other}`);
    }
    const total = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    return { dtype: first.dtype, shape: first.shape.with(axis, total) };
  },
  slice: ([x], { starts, ends, steps }) => {
    const shape = x!.shape.map((size, axis) => {
      const [start, end, step] = [starts[axis], ends[axis], steps[axis]];
      if (start === undefined || end === undefined || step === undefined) {
        return fail(`${x} needs a start, an end and a step for each of its axes`);
      }
      const whole = [start, end, step].every(Number.isInteger);
      if (!(whole && 0 <= start && start <= end && end <= size && step >= 1)) {
        return fail(`${start} to ${end} by ${step} does not lie within axis ${axis} of ${x}`);
      }
      return Math.ceil((end - start) / step);
    });
    return { dtype: x!.dtype, shape };
  },
  pad: ([x], { before, after }) => {
    const fits = [before, after].every(
      (widths) => widths.length === x!.rank && widths.every((width) => Number.isInteger(width) && width >= 0),
    );
    if (!fits) {
      fail(`${x} needs whole widths ≥ 0 for each axis, got ${formatShape(before)} and ${formatShape(after)}`);
    }
    return { dtype: x!.dtype, shape: x!.shape.map((size, axis) => before[axis]! + size + after[axis]!) };
  },
  gather: ([table, indices]) => {
    checkIndices(indices!);
    if (table!.rank === 0) fail('the table needs at least one axis, got a scalar');
    return { dtype: table!.dtype, shape: [...indices!.shape, ...table!.shape.slice(1)] };
  },
  scatterAdd: ([updates, indices], { rows }) => {
    checkIndices(indices!);
    checkSizes([rows]);
    const fits = indices!.shape.every((size, axis) => size === updates!.shape[axis]);
    if (!fits) fail(`updates ${updates} must start with the axes of the indices ${indices}`);
    return { ...numeric([updates!]), shape: [rows, ...updates!.shape.slice(indices!.rank)] };
  },

  matmul: (inputs, { transposeA, transposeB }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    if (a.rank < 2 || b.rank < 2) fail(`expected matrices or stacks of them, got ${a} and ${b}`);
    if (a.dtype !== b.dtype || !isFloating(a.dtype)) fail(`expected one float dtype, got ${a} and ${b}`);
    const [m, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const [k2, n] = transposeB ? [b.shape.at(-1)!, b.shape.at(-2)!] : [b.shape.at(-2)!, b.shape.at(-1)!];
    if (k !== k2) {
      const transposed = `${transposeA ? ', the first transposed' : ''}${transposeB ? ', the second transposed' : ''}`;
      fail(`${a} and ${b}${transposed}: the inner sizes ${k} and ${k2} must agree`);
    }
    return { dtype: a.dtype, shape: [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n] };
  },
  convolution: ([x, weight], attributes) => {
    const { strides, padding, groups } = attributes;
    const [batch, channels, height, width] = checkConvolution(x!, weight!, attributes);
    const [outChannels, perGroup] = weight!.shape as [number, number];
    if (channels !== perGroup * groups || outChannels % groups !== 0) {
      fail(
        `kernel ${formatShape(weight!.shape)} expects ${inGroups(perGroup, groups)} input channels, got ${channels} in ${formatShape(x!.shape)}`,
      );
    }
    const [kernelHeight, kernelWidth] = dilatedKernel(weight!.shape, attributes);
    const rows = Math.floor((height + padding[0] + padding[2] - kernelHeight) / strides[0]) + 1;
    const columns = Math.floor((width + padding[1] + padding[3] - kernelWidth) / strides[1]) + 1;
    if (rows < 1 || columns < 1) {
      fail(`kernel ${formatShape(weight!.shape)} is larger than the padded ${formatShape(x!.shape)}`);
    }
    return { dtype: x!.dtype, shape: [batch, outChannels, rows, columns] };
  },
  transposedConvolution: ([x, weight], attributes) => {
    const { strides, padding, groups, outputPadding } = attributes;
    const [batch, channels, height, width] = checkConvolution(x!, weight!, attributes);
    const [inChannels, perGroup] = weight!.shape as [number, number];
    if (channels !== inChannels || inChannels % groups !== 0) {
      fail(
        `kernel ${formatShape(weight!.shape)} expects ${inChannels} input channels, got ${channels} in ${formatShape(x!.shape)}`,
      );
    }
    const [kernelHeight, kernelWidth] = dilatedKernel(weight!.shape, attributes);
    if (
      !outputPadding.every((width, axis) => Number.isInteger(width) && width >= 0 && width < strides[axis]!)
    ) {
      fail(
        `the output padding is made of whole numbers from 0 to a stride − 1, got ${formatShape(outputPadding)} with the strides ${formatShape(strides)}`,
      );
    }
    const rows = (height - 1) * strides[0] + kernelHeight - padding[0] - padding[2] + outputPadding[0];
    const columns = (width - 1) * strides[1] + kernelWidth - padding[1] - padding[3] + outputPadding[1];
    if (rows < 1 || columns < 1) {
      fail(`the padding ${formatShape(padding)} leaves nothing of ${formatShape(x!.shape)}`);
    }
    return { dtype: x!.dtype, shape: [batch, perGroup * groups, rows, columns] };
  },

  softmax: ([x]) => {
    if (x!.rank === 0) fail('expected at least one axis, got a scalar');
    return floating([x!]);
  },
  maxPool: ([x], { window, strides, padding }) => {
    if (x!.rank !== 4) fail(`expected [batch, channels, height, width], got ${x}`);
    if (![...window, ...strides].every((count) => Number.isInteger(count) && count >= 1)) {
      fail(`window and strides are whole numbers ≥ 1, got ${formatShape([...window, ...strides])}`);
    }
    if (!padding.every((width, side) => Number.isInteger(width) && width >= 0 && width < window[side % 2]!)) {
      fail(
        `padding is whole and smaller than the window ${formatShape(window)}, got ${formatShape(padding)}`,
      );
    }
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    const rows = Math.floor((height + padding[0] + padding[2] - window[0]) / strides[0]) + 1;
    const columns = Math.floor((width + padding[1] + padding[3] - window[1]) / strides[1]) + 1;
    if (rows < 1 || columns < 1) fail(`the window ${formatShape(window)} is larger than the padded ${x}`);
    return { ...floating([x!]), shape: [batch, channels, rows, columns] };
  },

  stopGradient: ([x]) => x!,
  after: ([x, dependency]) => {
    if (sizeOf(dependency!.shape) === 0) fail(`nothing to wait for in ${dependency}`);
    return floating([x!]);
  },
};

/** NumPy's rule: shapes are aligned at their last axes, and axes of size 1 stretch. */
export function broadcastShapes(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      fail(`shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: ${left} against ${right}`);
    }
    return left === 1 ? right : left;
  });
}

/** uint8 and bfloat16 are for storage, bool for conditions. */
function numeric([x]: readonly Tensor[]): TensorSpec {
  if (['bool', 'uint8', 'bfloat16'].includes(x!.dtype)) {
    fail(`expected floats (not bfloat16), int32 or int64, got ${x}; cast it first`);
  }
  return { dtype: x!.dtype, shape: x!.shape };
}

function floating([x]: readonly Tensor[]): TensorSpec {
  if (!isFloating(x!.dtype) || x!.dtype === 'bfloat16') {
    fail(`expected float32, float16 or float64, got ${x}; cast it first`);
  }
  return { dtype: x!.dtype, shape: x!.shape };
}

function binary([a, b]: readonly Tensor[]): TensorSpec {
  if (a!.dtype !== b!.dtype) fail(`both sides need one dtype, got ${a} and ${b}; cast one of them`);
  return { dtype: a!.dtype, shape: broadcastShapes(a!.shape, b!.shape) };
}

function arithmetic(inputs: readonly Tensor[]): TensorSpec {
  for (const input of inputs) numeric([input]);
  return binary(inputs);
}

function keepReduced(x: Tensor, axes: readonly number[]): Shape {
  for (const axis of axes) checkAxis(x, axis);
  if (new Set(axes).size !== axes.length) fail(`axes ${formatShape(axes)} name one twice`);
  return x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

function checkSizes(shape: Shape): void {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    fail(`sizes are whole numbers ≥ 0, got ${formatShape(shape)}`);
  }
}

function checkAxis(x: Tensor, axis: number): void {
  if (!Number.isInteger(axis) || axis < 0 || axis >= x.rank) fail(`${x} has no axis ${axis}`);
}

function checkIndices(indices: Tensor): void {
  const isIndex: { readonly [D in DType]?: true } = { int32: true, int64: true };
  if (!isIndex[indices.dtype]) fail(`indices are int32 or int64, got ${indices}`);
}

function checkConvolution(x: Tensor, weight: Tensor, attributes: ConvolutionAttributes) {
  if (x.rank !== 4 || weight.rank !== 4) {
    fail(
      `expected an input [batch, channels, height, width] and a kernel of four axes, got ${x} and ${weight}`,
    );
  }
  if (x.dtype !== weight.dtype || !isFloating(x.dtype))
    fail(`expected one float dtype, got ${x} and ${weight}`);
  const { strides, dilations, groups, padding } = attributes;
  const counts = [...strides, ...dilations, groups];
  if (!counts.every((count) => Number.isInteger(count) && count >= 1)) {
    fail(`strides, dilations and groups are whole numbers ≥ 1, got ${formatShape(counts)}`);
  }
  if (!padding.every((width) => Number.isInteger(width) && width >= 0)) {
    fail(`padding is made of whole numbers ≥ 0, got ${formatShape(padding)}`);
  }
  return x.shape as readonly [number, number, number, number];
}

const inGroups = (perGroup: number, groups: number) =>
  groups === 1 ? `${perGroup}` : `${groups} × ${perGroup}`;

const dilatedKernel = (kernel: Shape, { dilations }: ConvolutionAttributes): [number, number] => [
  dilations[0] * (kernel[2]! - 1) + 1,
  dilations[1] * (kernel[3]! - 1) + 1,
];

function fail(message: string): never {
  throw new ShapeError(message);
}
