import {
  castArray,
  type DType,
  formatShape,
  full,
  type NdArray,
  ndArray,
  type Shape,
  sameShape,
  sizeOf,
} from '../arrays/index.ts';
import type { Attributes, ConvolutionAttributes } from './primitive.ts';
import { createTensor, refuse, Tensor } from './tensor.ts';

/** One side of an arithmetic operation: a number takes the dtype of the other side. */
export type Operand = Tensor | number;

/** An axis may count from the end: −1 is the last. */
function resolveAxis(operation: string, x: Tensor, axis: number): number {
  const resolved = axis < 0 ? axis + x.rank : axis;
  if (Number.isInteger(axis) && resolved >= 0 && resolved < x.rank) return resolved;
  return refuse(operation, `${x} has no axis ${axis}`);
}

// Sources

/** A value known when the graph is built: a table of frequencies, a mask, frozen weights. */
export const constant = (value: NdArray): Tensor =>
  createTensor('constant', [], { value: ndArray(value.dtype, value.shape, value.data) });

/** Every element `value`. */
export const filled = (shape: Shape, value: number, dtype: DType = 'float32'): Tensor =>
  broadcast(constant(full([], value, dtype)), shape);

// Element by element, one operand

export const negate = (x: Tensor): Tensor => createTensor('negate', [x], {});
export const absolute = (x: Tensor): Tensor => createTensor('absolute', [x], {});
/** −1, 0 or 1. Its gradient is zero. */
export const sign = (x: Tensor): Tensor => createTensor('sign', [x], {});
export const exp = (x: Tensor): Tensor => createTensor('exp', [x], {});
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => createTensor('log', [x], {});
export const sqrt = (x: Tensor): Tensor => createTensor('sqrt', [x], {});
export const reciprocal = (x: Tensor): Tensor => createTensor('reciprocal', [x], {});
export const sin = (x: Tensor): Tensor => createTensor('sin', [x], {});
export const cos = (x: Tensor): Tensor => createTensor('cos', [x], {});
export const tanh = (x: Tensor): Tensor => createTensor('tanh', [x], {});
/** 1 / (1 + e^−x). */
export const sigmoid = (x: Tensor): Tensor => createTensor('sigmoid', [x], {});
/** The error function. */
export const erf = (x: Tensor): Tensor => createTensor('erf', [x], {});
/** The largest whole number not above x. Its gradient is zero. */
export const floor = (x: Tensor): Tensor => createTensor('floor', [x], {});
/** The same values in another dtype; returns the same tensor if it has that dtype already. */
export const cast = (x: Tensor, dtype: DType): Tensor =>
  x.dtype === dtype ? x : createTensor('cast', [x], { dtype });

// Element by element, several operands; shapes broadcast as NumPy's do

export const add = (a: Operand, b: Operand): Tensor => createTensor('add', operands(a, b), {});
export const subtract = (a: Operand, b: Operand): Tensor => createTensor('subtract', operands(a, b), {});
export const multiply = (a: Operand, b: Operand): Tensor => createTensor('multiply', operands(a, b), {});
export const divide = (a: Operand, b: Operand): Tensor => createTensor('divide', operands(a, b), {});
/** a^b; differentiable where a > 0, and in a alone where b is a constant. */
export const power = (a: Operand, b: Operand): Tensor => createTensor('power', operands(a, b), {});
/** Where both are equal the gradient goes to the first. */
export const maximum = (a: Operand, b: Operand): Tensor => createTensor('maximum', operands(a, b), {});
/** Where both are equal the gradient goes to the first. */
export const minimum = (a: Operand, b: Operand): Tensor => createTensor('minimum', operands(a, b), {});
export const equal = (a: Operand, b: Operand): Tensor => createTensor('equal', operands(a, b), {});
export const greater = (a: Operand, b: Operand): Tensor => createTensor('greater', operands(a, b), {});
/** `whenTrue` where the condition (bool) holds, else `whenFalse`. */
export const select = (condition: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor =>
  createTensor('select', [condition, ...operands(whenTrue, whenFalse)], {});

// Reductions

export interface ReductionOptions {
  /** Default: all axes. */
  readonly axes?: readonly number[];
  /** Whether a reduced axis stays with size 1. Default: it goes. */
  readonly keepAxes?: boolean;
}

export const sum = (x: Tensor, options: ReductionOptions = {}): Tensor => reduce('sum', x, options);
/** The gradient is shared evenly between equal maxima. */
export const max = (x: Tensor, options: ReductionOptions = {}): Tensor => reduce('max', x, options);
/** Position of the first maximum along an axis, int64; the axis goes. */
export const argMax = (x: Tensor, axis = -1): Tensor => {
  const resolved = resolveAxis('argMax', x, axis);
  return dropAxes(createTensor('argMax', [x], { axis: resolved }), [resolved]);
};

// The same elements in another arrangement

/** One size may be −1: what is left. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.filter((size) => size !== -1);
  const rest = sizeOf(x.shape) / sizeOf(known);
  if (known.length < shape.length && (known.length < shape.length - 1 || !Number.isInteger(rest))) {
    const found = `${x} has ${sizeOf(x.shape)} elements, from which ${formatShape(shape)} does not follow`;
    return refuse('reshape', `${found}; one size may be −1 if the others divide the elements`);
  }
  const resolved = shape.map((size) => (size === -1 ? rest : size));
  return sameShape(resolved, x.shape) ? x : createTensor('reshape', [x], { shape: resolved });
}

/** Axis i of the result is axis permutation[i] of x. Default: the axes in reverse. */
export const transpose = (x: Tensor, permutation?: readonly number[]): Tensor =>
  createTensor('transpose', [x], { permutation: permutation ?? x.shape.map((_, axis) => x.rank - 1 - axis) });

/** Repeats axes of size 1 (and missing leading ones) to fill the shape. */
export const broadcast = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : createTensor('broadcast', [x], { shape });

export function concatenate(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  if (first !== undefined && tensors.length === 1) return first;
  return createTensor('concatenate', tensors, {
    axis: first === undefined ? axis : resolveAxis('concatenate', first, axis),
  });
}

export interface SliceOptions {
  readonly axis: number;
  /** First position, from 0. */
  readonly start?: number;
  /** Position after the last. Default: the size of the axis. */
  readonly end?: number;
  readonly step?: number;
}

/** A range along one axis. */
export function slice(x: Tensor, { axis, start = 0, end, step = 1 }: SliceOptions): Tensor {
  const resolved = resolveAxis('slice', x, axis);
  return createTensor('slice', [x], {
    starts: x.shape.map((_, i) => (i === resolved ? start : 0)),
    ends: x.shape.map((size, i) => (i === resolved ? (end ?? size) : size)),
    steps: x.shape.map((_, i) => (i === resolved ? step : 1)),
  });
}

/** Ranges along all axes at once: from `starts` to before `ends`, every `steps`-th position. */
export const crop = (x: Tensor, attributes: Attributes['slice']): Tensor =>
  createTensor('slice', [x], attributes);

/** Equal or given parts along an axis. */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  const resolved = resolveAxis('split', x, axis);
  const total = x.shape[resolved]!;
  const sizes = typeof parts === 'number' ? Array.from({ length: parts }, () => total / parts) : parts;
  if (
    !sizes.every((size) => Number.isInteger(size) && size >= 0) ||
    sizes.reduce((a, b) => a + b, 0) !== total
  ) {
    const wanted = typeof parts === 'number' ? `${parts} equal parts` : `parts of ${parts.join(', ')}`;
    refuse('split', `axis ${axis} of ${x} cannot be split into ${wanted}`);
  }
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return slice(x, { axis: resolved, start: start - size, end: start });
  });
}

/** Adds zeros before and after each axis. */
export const pad = (x: Tensor, before: readonly number[], after: readonly number[]): Tensor =>
  [...before, ...after].every((width) => width === 0) ? x : createTensor('pad', [x], { before, after });

/** Rows of a table: [rows, …] at int indices [a, b] → [a, b, …]. Indices lie in 0 … rows − 1. */
export const gather = (table: Tensor, indices: Tensor): Tensor =>
  createTensor('gather', [table, indices], {});

/** The transpose of `gather`: adds each update to the row that its index names. Result: [rows, …]. */
export const scatterAdd = (updates: Tensor, indices: Tensor, rows: number): Tensor =>
  createTensor('scatterAdd', [updates, indices], { rows });

// Products

export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * Matrix product over the last two axes; the others broadcast. A stack times one matrix is computed as one
 * large product.
 */
export function matmul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: MatmulOptions = {},
): Tensor {
  if (a.rank > 2 && b.rank === 2 && !transposeA) {
    const stack = createTensor('matmul', [a, b], { transposeA, transposeB }); // refuses what does not fit
    const rows = reshape(a, [sizeOf(a.shape.slice(0, -1)), a.shape.at(-1)!]);
    return reshape(createTensor('matmul', [rows, b], { transposeA, transposeB }), stack.shape);
  }
  return createTensor('matmul', [a, b], { transposeA, transposeB });
}

export interface ConvolutionOptions {
  readonly strides?: number | ConvolutionAttributes['strides'];
  /** One width for all sides, or top, left, bottom, right. Default 0. */
  readonly padding?: number | ConvolutionAttributes['padding'];
  readonly dilations?: number | ConvolutionAttributes['dilations'];
  readonly groups?: number;
}

/**
 * Two-dimensional convolution (cross-correlation, as everywhere in deep learning).
 * x: [batch, channels, height, width]; weight: [out channels, channels / groups, kernel height, kernel width].
 */
export const convolution = (x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor =>
  createTensor('convolution', [x, weight], convolutionAttributes(options));

/**
 * The transpose of `convolution` in its input. x: [batch, in channels, height, width]; weight: [in channels,
 * out channels / groups, kernel height, kernel width]; outputPadding: rows and columns that the strides left over.
 */
export const transposedConvolution = (
  x: Tensor,
  weight: Tensor,
  options: ConvolutionOptions & { readonly outputPadding?: readonly [number, number] } = {},
): Tensor =>
  createTensor('transposedConvolution', [x, weight], {
    ...convolutionAttributes(options),
    outputPadding: options.outputPadding ?? [0, 0],
  });

// Fused

/** Softmax over the last axis. */
export const softmax = (x: Tensor): Tensor => createTensor('softmax', [x], {});

/** Largest value of each window of [batch, channels, height, width]; padding never wins. */
export const maxPool = (
  x: Tensor,
  {
    window,
    strides,
    padding,
  }: { readonly window: number; readonly strides?: number; readonly padding?: number },
): Tensor =>
  createTensor('maxPool', [x], {
    window: pair(window),
    strides: pair(strides ?? window),
    padding: sides(padding ?? 0),
  });

// Differentiation and order

/** The same value, through which no gradient passes. */
export const stopGradient = (x: Tensor): Tensor => createTensor('stopGradient', [x], {});

/**
 * The same value, computed only after `dependency`: orders recomputation behind the gradient that asks for it.
 * Returns x itself where it is not a float.
 */
export const after = (x: Tensor, dependency: Tensor): Tensor =>
  x.dtype === 'float32' || x.dtype === 'float16' ? createTensor('after', [x, dependency], {}) : x;

function operands(a: Operand, b: Operand): readonly [Tensor, Tensor] {
  if (a instanceof Tensor) return [a, b instanceof Tensor ? b : numberLike(b, a)];
  if (b instanceof Tensor) return [numberLike(a, b), b];
  return refuse('arithmetic', `expected a tensor on at least one side, got the numbers ${a} and ${b}`);
}

const numberLike = (value: number, other: Tensor): Tensor =>
  constant(castArray(ndArray('float64', [], Float64Array.of(value)), other.dtype));

function reduce(primitive: 'sum' | 'max', x: Tensor, { axes, keepAxes = false }: ReductionOptions): Tensor {
  const resolved = (axes ?? x.shape.map((_, axis) => axis)).map((axis) => resolveAxis(primitive, x, axis));
  if (resolved.length === 0) return x;
  const reduced = createTensor(primitive, [x], { axes: resolved });
  return keepAxes ? reduced : dropAxes(reduced, resolved);
}

const dropAxes = (x: Tensor, axes: readonly number[]): Tensor =>
  reshape(
    x,
    x.shape.filter((_, axis) => !axes.includes(axis)),
  );

const convolutionAttributes = (options: ConvolutionOptions): Attributes['convolution'] => ({
  strides: pair(options.strides ?? 1),
  padding: sides(options.padding ?? 0),
  dilations: pair(options.dilations ?? 1),
  groups: options.groups ?? 1,
});

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

const sides = (
  value: number | readonly [number, number, number, number],
): readonly [number, number, number, number] =>
  typeof value === 'number' ? [value, value, value, value] : value;
