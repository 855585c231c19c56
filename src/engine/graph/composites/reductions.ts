import { sizeOf } from '../../arrays/index.ts';
import {
  add,
  divide,
  exp,
  log,
  max,
  multiply,
  negate,
  type ReductionOptions,
  sqrt,
  stopGradient,
  subtract,
  sum,
} from '../operations.ts';
import type { Tensor } from '../tensor.ts';

/** Arithmetic mean over the axes. */
export const mean = (x: Tensor, options: ReductionOptions = {}): Tensor => {
  const total = sum(x, options);
  return divide(total, sizeOf(x.shape) / sizeOf(total.shape));
};

/** Mean squared deviation from the mean, without Bessel's correction. */
export const variance = (x: Tensor, options: ReductionOptions = {}): Tensor => {
  const deviation = subtract(x, mean(x, { ...options, keepAxes: true }));
  return mean(multiply(deviation, deviation), options);
};

export const min = (x: Tensor, options: ReductionOptions = {}): Tensor => negate(max(negate(x), options));

/** Euclidean norm over the axes. Its gradient is not a number where the norm is zero. */
export const norm = (x: Tensor, options: ReductionOptions = {}): Tensor => sqrt(sum(multiply(x, x), options));

/** ln Σ e^x over the last axis, which goes; safe for large values. */
export function logSumExp(x: Tensor): Tensor {
  const largest = stopGradient(max(x, { axes: [-1], keepAxes: true }));
  const total = log(sum(exp(subtract(x, largest)), { axes: [-1] }));
  return add(total, sum(largest, { axes: [-1] }));
}
