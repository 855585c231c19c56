import {
  add,
  divide,
  maximum,
  mean,
  multiply,
  sqrt,
  subtract,
  sum,
  type Tensor,
} from '../../engine/index.ts';

/**
 * Squared difference of two features, each pixel's channels scaled to length 1 first: x / (|x|₂ + 1e-10).
 * @param a [pictures, channels, rows, columns]
 * @returns the same shape
 */
export const normalizedDifference = (a: Tensor, b: Tensor): Tensor => {
  const difference = subtract(unitChannels(a), unitChannels(b));
  return multiply(difference, difference);
};

/** The mean over the pixels. [pictures, channels, rows, columns] → [pictures, channels] */
export const spatialMean = (x: Tensor): Tensor => mean(x, { axes: [2, 3] });

/**
 * How far two features are apart, every channel counting alike: the sum over channels of `normalizedDifference`,
 * averaged over the pixels. From 0 to 4, or to 2 where no feature is negative.
 * @returns [pictures]
 */
export const featureDistance = (a: Tensor, b: Tensor): Tensor =>
  sum(spatialMean(normalizedDifference(a, b)), { axes: [1] });

/** Without the smallest square, far below the reference's 1e-10, a pixel without features would have no gradient. */
const unitChannels = (x: Tensor): Tensor => {
  const squares = sum(multiply(x, x), { axes: [1], keepAxes: true });
  return divide(x, add(sqrt(maximum(squares, 1e-30)), 1e-10));
};
