import { attention, gradient, multiply, normal, randomKey, sum } from '../../src/engine/index.ts';
import { type Measure, measureSpeed, type Tensors } from '../measure.ts';

/** Self-attention of the UNet's outermost resolution: 4,096 tokens, 8 heads of 40. */
export const attentionSpeed: Measure = async function* (context) {
  const shape = [8, 4096, 40];
  const [q, k, v, g] = [1, 2, 3, 4].map((seed) => normal(randomKey(seed), shape));
  const inputs = { q: q!, k: k!, v: v!, g: g! };
  const product = 2 * 8 * 4096 * 4096 * 40;
  const forward = ({ q, k, v }: Tensors) => attention(q!, k!, v!);
  const both = (all: Tensors) =>
    gradient(sum(multiply(forward(all), all.g!)), { q: all.q!, k: all.k!, v: all.v! });
  const name = 'attention, 4,096 tokens, 8 heads of 40';
  yield measureSpeed(context, `${name}, forward`, 2 * product, forward, inputs);
  // Gradients: the scores once more, and four products. The forward products themselves are not needed.
  yield measureSpeed(context, `${name}, gradients`, 5 * product, both, inputs);
};
