import { sizeOf } from '../../arrays/index.ts';
import { add, divide, maximum, multiply, reciprocal, reshape, sqrt, subtract, sum } from '../operations.ts';
import { refuse, type Tensor } from '../tensor.ts';
import { mean } from './reductions.ts';

/** Scale and shift of a normalization, each [channels]. */
export interface Affine {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** Normalizes the last axis to mean 0 and variance 1 (Ba, Kiros, Hinton 2016, arXiv 1607.06450). */
export const layerNorm = (x: Tensor, affine: Affine, epsilon = 1e-5): Tensor =>
  add(multiply(standardize(x, epsilon), affine.weight), affine.bias);

/**
 * Normalizes groups of channels (Wu, He 2018, arXiv 1803.08494). x: [batch, channels, …].
 * @throws if the groups do not divide the channels.
 */
export function groupNorm(x: Tensor, groups: number, { weight, bias }: Affine, epsilon = 1e-5): Tensor {
  const [batch, channels, ...rest] = x.shape as [number, number, ...number[]];
  if (channels % groups !== 0) refuse('groupNorm', `${groups} groups do not divide the channels of ${x}`);
  const perChannel = [1, groups, channels / groups, 1];
  const grouped = reshape(x, [batch, groups, channels / groups, sizeOf(rest)]);
  const average = mean(grouped, { axes: [2, 3], keepAxes: true });
  const centred = subtract(grouped, average);
  const scale = inverseDeviation(mean(multiply(centred, centred), { axes: [2, 3], keepAxes: true }), epsilon);
  // One multiplication and one addition per element: x · (w / σ) + (b − μ w / σ).
  const slope = multiply(scale, reshape(weight, perChannel));
  const offset = subtract(reshape(bias, perChannel), multiply(average, slope));
  return reshape(add(multiply(grouped, slope), offset), [batch, channels, ...rest]);
}

/** (x − μ) / √(σ² + ε) over the last axis. */
export function standardize(x: Tensor, epsilon: number): Tensor {
  const options = { axes: [-1], keepAxes: true };
  const centred = subtract(x, mean(x, options));
  return multiply(centred, inverseDeviation(mean(multiply(centred, centred), options), epsilon));
}

/** x / max(|x|₂, ε) along the last axis. The root comes last, so that the gradient of a zero vector is finite. */
export const l2Normalize = (x: Tensor, epsilon = 1e-12): Tensor =>
  divide(x, sqrt(maximum(sum(multiply(x, x), { axes: [-1], keepAxes: true }), epsilon ** 2)));

const inverseDeviation = (variance: Tensor, epsilon: number): Tensor =>
  reciprocal(sqrt(add(variance, epsilon)));
