import {
  constant,
  fold,
  linear,
  meanSquaredError,
  normal,
  randomKey,
  silu,
  spec,
  type Tensor,
  zeros,
} from '../../../src/engine/index.ts';

const key = randomKey(1);
const truth = normal(key, [8, 4]);

/** A small regression that any optimizer solves: two layers learn a linear map from fresh batches. */
export const regression = {
  variables: {
    hidden: { weight: normal(fold(key, 1), [16, 4]), bias: zeros([16]) },
    out: { weight: normal(fold(key, 2), [8, 16]) },
  },
  batch: { x: spec([32, 4]) },
  loss: (
    { hidden, out }: { hidden: { weight: Tensor; bias: Tensor }; out: { weight: Tensor } },
    { x }: { x: Tensor },
  ): Tensor => meanSquaredError(linear(silu(linear(x, hidden)), out), linear(x, { weight: constant(truth) })),
};

export const regressionBatch = (step: number, part: number) => ({
  x: normal(fold(fold(fold(key, 'batch'), step), part), [32, 4]),
});
