import type { DType, NdArray, Shape } from '../arrays/index.ts';

type None = Readonly<Record<never, never>>;

export interface ConvolutionAttributes {
  /** Vertical, horizontal. */
  readonly strides: readonly [number, number];
  /** Rows and columns of zeros added: top, left, bottom, right. */
  readonly padding: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
  readonly groups: number;
}

/**
 * The primitives, each with its attributes. Three exhaustive tables stand on this list: the shape rules
 * (shape-rules.ts), the gradients (autodiff/gradient-rules.ts) and the emissions (onnx/emissions.ts); a fourth,
 * evaluations.ts, computes each one plainly. Everything else is a composite of these.
 */
export interface Attributes {
  // Sources
  input: { readonly name: string };
  constant: { readonly value: NdArray };

  // Element by element, one operand
  negate: None;
  absolute: None;
  sign: None;
  exp: None;
  log: None;
  sqrt: None;
  reciprocal: None;
  sin: None;
  cos: None;
  tanh: None;
  sigmoid: None;
  erf: None;
  floor: None;
  cast: { readonly dtype: DType };

  // Element by element, several operands, which broadcast
  add: None;
  subtract: None;
  multiply: None;
  divide: None;
  power: None;
  maximum: None;
  minimum: None;
  equal: None;
  greater: None;
  select: None;

  // Reductions; the reduced axes stay with size 1
  sum: { readonly axes: readonly number[] };
  max: { readonly axes: readonly number[] };
  argMax: { readonly axis: number };

  // The same elements in another arrangement
  reshape: { readonly shape: Shape };
  transpose: { readonly permutation: readonly number[] };
  broadcast: { readonly shape: Shape };
  concatenate: { readonly axis: number };
  slice: {
    readonly starts: readonly number[];
    readonly ends: readonly number[];
    readonly steps: readonly number[];
  };
  pad: { readonly before: readonly number[]; readonly after: readonly number[] };
  gather: None;
  scatterAdd: { readonly rows: number };

  // Products
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  convolution: ConvolutionAttributes;
  transposedConvolution: ConvolutionAttributes & { readonly outputPadding: readonly [number, number] };

  // Fused because a measurement asked for it (docs/performance.md)
  softmax: None;
  maxPool: {
    readonly window: readonly [number, number];
    readonly strides: readonly [number, number];
    readonly padding: readonly [number, number, number, number];
  };

  // What steers differentiation and order, and computes nothing
  stopGradient: None;
  after: None;
}

export type Primitive = keyof Attributes;
