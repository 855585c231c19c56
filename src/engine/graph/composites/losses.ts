import { range, sizeOf } from '../../arrays/index.ts';
import {
  absolute,
  add,
  constant,
  divide,
  exp,
  multiply,
  negate,
  subtract,
  sum,
  transpose,
} from '../operations.ts';
import type { Tensor } from '../tensor.ts';
import { oneHot } from './one-hot.ts';
import { logSumExp, mean } from './reductions.ts';

/** Mean of (x − target)². */
export const meanSquaredError = (x: Tensor, target: Tensor): Tensor => {
  const difference = subtract(x, target);
  return mean(multiply(difference, difference));
};

/** Mean of |x − target|. */
export const meanAbsoluteError = (x: Tensor, target: Tensor): Tensor => mean(absolute(subtract(x, target)));

/**
 * Mean of −ln softmax(logits)[target].
 * logits: [..., classes]; targets: int [...].
 */
export const crossEntropy = (logits: Tensor, targets: Tensor): Tensor => {
  const chosen = sum(multiply(logits, oneHot(targets, logits.shape.at(-1)!)), { axes: [-1] });
  return negate(mean(subtract(chosen, logSumExp(logits))));
};

/**
 * The symmetric contrastive loss of CLIP (Radford et al. 2021, arXiv 2103.00020, figure 3): row i and column i
 * belong together. logits: [pairs, pairs], similarities times the temperature.
 */
export const contrastiveLoss = (logits: Tensor): Tensor => {
  const diagonal = constant(range(logits.shape[0]!, 'int64'));
  return multiply(add(crossEntropy(logits, diagonal), crossEntropy(transpose(logits), diagonal)), 0.5);
};

/** Mean over all elements of KL(N(mean, e^logVariance) ‖ N(0, 1)) (Kingma, Welling 2013, appendix B). */
export const gaussianDivergence = (average: Tensor, logVariance: Tensor): Tensor => {
  const terms = subtract(subtract(add(multiply(average, average), exp(logVariance)), logVariance), 1);
  return divide(sum(terms), 2 * sizeOf(average.shape));
};
