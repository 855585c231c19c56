/**
 * Dynamic loss scaling for float16 gradients (Micikevicius et al. 2017, arXiv 1710.03740, section 3.2): halve the
 * scale when a gradient overflows, double it after a run of steps without.
 */
export interface LossScale {
  readonly scale: number;
  /** Steps since the scale last changed. */
  readonly steady: number;
}

const stepsUntilDoubled = 2000;
const largestScale = 2 ** 24;

export const initialLossScale = (compute: 'float32' | 'float16'): LossScale => ({
  scale: compute === 'float16' ? 2 ** 15 : 1,
  steady: 0,
});

/** The scale after a step under float16; under float32 it stays 1 and is not asked for. */
export function nextLossScale({ scale, steady }: LossScale, outcome: 'finite' | 'overflow'): LossScale {
  if (outcome === 'overflow') return { scale: scale / 2, steady: 0 };
  if (steady + 1 < stepsUntilDoubled) return { scale, steady: steady + 1 };
  return { scale: Math.min(largestScale, scale * 2), steady: 0 };
}
