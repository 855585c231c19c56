import {
  castArray,
  type DType,
  decodeBfloat16,
  decodeFloat16,
  encodeBfloat16,
  encodeFloat16,
  isFloating,
  type NdArray,
  ndArray,
  type Shape,
  sizeOf,
  stridesOf,
  toNumbers,
} from '../arrays/index.ts';
import type { ConvolutionAttributes, Primitive } from './primitive.ts';
import type { Tensor } from './tensor.ts';

/** Computes a tensor from the values of its inputs. Float64 values stand for every float dtype. */
export type Evaluation<P extends Primitive> = (inputs: readonly NdArray[], tensor: Tensor<P>) => NdArray;

/** One plain definition a primitive, written for its clarity; floats are computed and kept in float64. */
export const evaluations: { readonly [P in Primitive]: Evaluation<P> } = {
  input: (_, { attributes }) => {
    throw new Error(`evaluate: no value was given for the input "${attributes.name}"`);
  },
  constant: (_, { attributes: { value } }) => wide(value),

  negate: unary((x) => -x),
  absolute: unary(Math.abs),
  sign: unary(Math.sign),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  reciprocal: unary((x) => 1 / x),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tanh: unary(Math.tanh),
  sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  erf: unary(errorFunction),
  floor: unary(Math.floor),
  cast: ([x], { attributes: { dtype }, shape }) =>
    store(dtype, shape, Float64Array.from(toNumbers(x!), rounder(dtype))),

  add: binary((a, b) => a + b),
  subtract: binary((a, b) => a - b),
  multiply: binary((a, b) => a * b),
  divide: binary((a, b) => a / b),
  power: binary((a, b) => a ** b),
  maximum: binary(Math.max),
  minimum: binary(Math.min),
  equal: binary((a, b) => (a === b ? 1 : 0)),
  greater: binary((a, b) => (a > b ? 1 : 0)),
  select: ([condition, whenTrue, whenFalse], { dtype, shape }) => {
    const [c, a, b] = [condition!, whenTrue!, whenFalse!].map((x) => toNumbers(broadcastTo(x, shape)));
    return store(
      dtype,
      shape,
      Float64Array.from(c!, (holds, i) => (holds ? a![i]! : b![i]!)),
    );
  },

  sum: reduction(0, (total, x) => total + x),
  max: reduction(Number.NEGATIVE_INFINITY, Math.max),
  argMax: ([x], { attributes: { axis }, shape }) => {
    const best = new Float64Array(sizeOf(shape)).fill(Number.NEGATIVE_INFINITY);
    const position = new Float64Array(best.length);
    const values = toNumbers(x!);
    const target = stridesOf(shape);
    forEachIndex(x!.shape, (index, flat) => {
      const at = dot(index.with(axis, 0), target);
      if (values[flat]! > best[at]!) [best[at], position[at]] = [values[flat]!, index[axis]!];
    });
    return store('int64', shape, position);
  },

  reshape: ([x], { shape }) => ndArray(x!.dtype, shape, x!.data),
  transpose: ([x], { attributes: { permutation }, shape }) => {
    const strides = stridesOf(x!.shape);
    return pick(x!, shape, (index) =>
      index.reduce((sum, at, axis) => sum + at * strides[permutation[axis]!]!, 0),
    );
  },
  broadcast: ([x], { shape }) => broadcastTo(x!, shape),
  concatenate: (inputs, { attributes: { axis }, shape, dtype }) => {
    const strides = stridesOf(shape);
    const data = new Float64Array(sizeOf(shape));
    let offset = 0;
    for (const input of inputs) {
      const values = toNumbers(input);
      forEachIndex(input.shape, (index, flat) => {
        data[dot(index, strides) + offset * strides[axis]!] = values[flat]!;
      });
      offset += input.shape[axis]!;
    }
    return store(dtype, shape, data);
  },
  slice: ([x], { attributes: { starts, steps }, shape }) => {
    const strides = stridesOf(x!.shape);
    return pick(x!, shape, (index) =>
      index.reduce((sum, at, axis) => sum + (starts[axis]! + at * steps[axis]!) * strides[axis]!, 0),
    );
  },
  pad: ([x], { attributes: { before }, shape, dtype }) => {
    const strides = stridesOf(shape);
    const data = new Float64Array(sizeOf(shape));
    const values = toNumbers(x!);
    forEachIndex(x!.shape, (index, flat) => {
      data[index.reduce((sum, at, axis) => sum + (at + before[axis]!) * strides[axis]!, 0)] = values[flat]!;
    });
    return store(dtype, shape, data);
  },
  gather: ([table, indices], { shape }) => {
    const rowSize = sizeOf(table!.shape.slice(1));
    const rows = toNumbers(indices!);
    return pick(table!, shape, (_, flat) => rows[Math.floor(flat / rowSize)]! * rowSize + (flat % rowSize));
  },
  scatterAdd: ([updates, indices], { shape, dtype }) => {
    const rowSize = sizeOf(shape.slice(1));
    const data = new Float64Array(sizeOf(shape));
    const rows = toNumbers(indices!);
    toNumbers(updates!).forEach((value, flat) => {
      data[rows[Math.floor(flat / rowSize)]! * rowSize + (flat % rowSize)]! += value;
    });
    return store(dtype, shape, data);
  },

  matmul: ([a, b], { attributes: { transposeA, transposeB }, shape, dtype }) => {
    const batch = shape.slice(0, -2);
    const left = toNumbers(broadcastTo(a!, [...batch, ...a!.shape.slice(-2)]));
    const right = toNumbers(broadcastTo(b!, [...batch, ...b!.shape.slice(-2)]));
    const [m, n] = shape.slice(-2) as [number, number];
    const k = a!.shape.at(transposeA ? -2 : -1)!;
    const data = Float64Array.from({ length: sizeOf(shape) }, (_, flat) => {
      const stack = Math.floor(flat / (m * n));
      const [row, column] = [Math.floor(flat / n) % m, flat % n];
      let total = 0;
      for (let i = 0; i < k; i++) {
        const x = left[stack * m * k + (transposeA ? i * m + row : row * k + i)]!;
        total += x * right[stack * k * n + (transposeB ? column * k + i : i * n + column)]!;
      }
      return total;
    });
    return store(dtype, shape, data);
  },
  convolution: ([x, weight], { attributes, shape, dtype }) => {
    const data = new Float64Array(sizeOf(shape));
    const [input, kernel] = [toNumbers(x!), toNumbers(weight!)];
    forEachTap(x!.shape, weight!.shape, shape, attributes, (inputAt, kernelAt, outputAt) => {
      data[outputAt]! += input[inputAt]! * kernel[kernelAt]!;
    });
    return store(dtype, shape, data);
  },
  transposedConvolution: ([x, weight], { attributes, shape, dtype }) => {
    const data = new Float64Array(sizeOf(shape));
    const [input, kernel] = [toNumbers(x!), toNumbers(weight!)];
    // The taps of the convolution that this one transposes: its output is our input.
    forEachTap(shape, weight!.shape, x!.shape, attributes, (outputAt, kernelAt, inputAt) => {
      data[outputAt]! += input[inputAt]! * kernel[kernelAt]!;
    });
    return store(dtype, shape, data);
  },

  softmax: ([x], { shape, dtype }) => {
    const length = shape.at(-1) ?? 1;
    const values = toNumbers(x!);
    const data = new Float64Array(values.length);
    for (let start = 0; start < values.length; start += length) {
      const row = values.subarray(start, start + length);
      const largest = Math.max(...row);
      const powers = Float64Array.from(row, (value) => Math.exp(value - largest));
      const total = powers.reduce((a, b) => a + b, 0);
      data.set(
        powers.map((value) => value / total),
        start,
      );
    }
    return store(dtype, shape, data);
  },
  maxPool: ([x], { attributes: { window, strides, padding }, shape, dtype }) => {
    const [, , height, width] = x!.shape as [number, number, number, number];
    const values = toNumbers(x!);
    const data = new Float64Array(sizeOf(shape)).fill(Number.NEGATIVE_INFINITY);
    forEachIndex(shape, ([batch, channel, row, column], flat) => {
      for (let i = 0; i < window[0]; i++) {
        for (let j = 0; j < window[1]; j++) {
          const y = row! * strides[0] + i - padding[0];
          const z = column! * strides[1] + j - padding[1];
          if (y < 0 || z < 0 || y >= height || z >= width) continue;
          data[flat] = Math.max(
            data[flat]!,
            values[((batch! * x!.shape[1]! + channel!) * height + y) * width + z]!,
          );
        }
      }
    });
    return store(dtype, shape, data);
  },

  stopGradient: ([x]) => x!,
  after: ([x]) => x!,
};

/** Calls back for every product that a convolution sums. Positions are flat. */
function forEachTap(
  input: Shape,
  kernel: Shape,
  output: Shape,
  { strides, padding, dilations, groups }: ConvolutionAttributes,
  visit: (inputAt: number, kernelAt: number, outputAt: number) => void,
): void {
  const [, channels, height, width] = input as [number, number, number, number];
  const [outChannels, perGroup, kernelHeight, kernelWidth] = kernel as [number, number, number, number];
  forEachIndex(output, ([batch, outChannel, row, column], outputAt) => {
    const firstChannel = Math.floor(outChannel! / (outChannels / groups)) * perGroup;
    for (let channel = 0; channel < perGroup; channel++) {
      for (let i = 0; i < kernelHeight; i++) {
        for (let j = 0; j < kernelWidth; j++) {
          const y = row! * strides[0] + i * dilations[0] - padding[0];
          const x = column! * strides[1] + j * dilations[1] - padding[1];
          if (y < 0 || x < 0 || y >= height || x >= width) continue;
          const inputAt = ((batch! * channels + firstChannel + channel) * height + y) * width + x;
          const kernelAt = ((outChannel! * perGroup + channel) * kernelHeight + i) * kernelWidth + j;
          visit(inputAt, kernelAt, outputAt);
        }
      }
    }
  });
}

function unary(compute: (x: number) => number): (inputs: readonly NdArray[], tensor: Tensor) => NdArray {
  return ([x], { shape, dtype }) => store(dtype, shape, Float64Array.from(toNumbers(x!), compute));
}

function binary(
  compute: (a: number, b: number) => number,
): (inputs: readonly NdArray[], tensor: Tensor) => NdArray {
  return (inputs, { shape, dtype }) => {
    const [a, b] = inputs.map((x) => toNumbers(broadcastTo(x, shape)));
    return store(
      dtype,
      shape,
      Float64Array.from(a!, (value, i) => compute(value, b![i]!)),
    );
  };
}

function reduction(
  initial: number,
  combine: (total: number, value: number) => number,
): (inputs: readonly NdArray[], tensor: Tensor<'sum' | 'max'>) => NdArray {
  return ([x], { shape, dtype, attributes: { axes } }) => {
    const data = new Float64Array(sizeOf(shape)).fill(initial);
    const strides = stridesOf(shape).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
    const values = toNumbers(x!);
    forEachIndex(x!.shape, (index, flat) => {
      const at = dot(index, strides);
      data[at] = combine(data[at]!, values[flat]!);
    });
    return store(dtype, shape, data);
  };
}

function broadcastTo(x: NdArray, shape: Shape): NdArray {
  const strides = stridesOf(x.shape);
  const offset = shape.length - x.shape.length;
  return pick(x, shape, (index) =>
    strides.reduce(
      (sum, stride, axis) => sum + (x.shape[axis] === 1 ? 0 : index[axis + offset]! * stride),
      0,
    ),
  );
}

/** An array whose elements are taken from x at flat positions. */
function pick(
  x: NdArray,
  shape: Shape,
  position: (index: readonly number[], flat: number) => number,
): NdArray {
  const values = toNumbers(x);
  const data = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, flat) => {
    data[flat] = values[position(index, flat)]!;
  });
  return store(x.dtype, shape, data);
}

function forEachIndex(shape: Shape, visit: (index: readonly number[], flat: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** Floats stay in float64, so that the reference is more exact than what it judges; others get their dtype. */
const store = (dtype: DType, shape: Shape, data: Float64Array): NdArray =>
  isFloating(dtype) ? ndArray('float64', shape, data) : castArray(ndArray('float64', shape, data), dtype);

const wide = (value: NdArray): NdArray => (isFloating(value.dtype) ? castArray(value, 'float64') : value);

const rounder = (dtype: DType): ((x: number) => number) => {
  if (dtype === 'float32') return Math.fround;
  if (dtype === 'float16') return (x) => decodeFloat16(encodeFloat16(x));
  if (dtype === 'bfloat16') return (x) => decodeBfloat16(encodeBfloat16(x));
  return dtype === 'float64' || dtype === 'bool' ? (x) => x : Math.trunc;
};

/** erf by its Maclaurin series, and by the continued fraction of erfc where that converges faster. */
function errorFunction(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude > 6) return Math.sign(x);
  if (magnitude < 2.5) {
    let term = x;
    let total = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
      term *= (-x * x) / n;
      total += term / (2 * n + 1);
      if (n > 200) break;
    }
    return (2 / Math.sqrt(Math.PI)) * total;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (magnitude + fraction);
  return Math.sign(x) * (1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (magnitude + fraction));
}
