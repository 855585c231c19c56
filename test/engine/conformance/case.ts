import {
  type DType,
  integers,
  type NdArray,
  normal,
  type RandomKey,
  type Shape,
  uniform,
} from '../../../src/engine/arrays/index.ts';
import type { Tensor } from '../../../src/engine/graph/index.ts';

/** One row of a conformance table: a function of a few arrays. */
export interface Case {
  /** What is special about it; completes the name of the operation. */
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly build: (...inputs: Tensor[]) => Tensor;
  /** The result as plain numbers, computed by hand or by another program. */
  readonly expected?: readonly number[];
  /** The result by an independent formula, from the inputs' elements. */
  readonly reference?: (...inputs: readonly number[][]) => readonly number[];
  /**
   * What the gradient should be. Default: what central differences say. `zero` and `one` are for operations that
   * define another gradient than their function has: stopGradient, and rounding.
   */
  readonly gradient?: 'central differences' | 'zero' | 'one';
}

/** A case whose result somebody has computed without this engine. */
export type KnownCase = Case & { readonly expected: readonly number[] };

export interface CaseInput {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly draw: (key: RandomKey) => NdArray;
}

/** Normal random numbers: none is so close to a kink that a central difference would step over it. */
export const random = (...shape: number[]): CaseInput => ({
  dtype: 'float32',
  shape,
  draw: (key) => normal(key, shape),
});

/** Uniform in 0.5 … 2. */
export const positive = (...shape: number[]): CaseInput => ({
  dtype: 'float32',
  shape,
  draw: (key) => uniform(key, shape, 0.5, 2),
});

/** Uniform whole numbers 0 … below − 1. */
export const indices = (shape: Shape, below: number): CaseInput => ({
  dtype: 'int32',
  shape,
  draw: (key) => integers(key, shape, 0, below),
});

/** This very array. */
export const given = (array: NdArray): CaseInput => ({
  dtype: array.dtype,
  shape: array.shape,
  draw: () => array,
});
