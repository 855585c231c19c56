/** The learning rate at a step, counted from 0. */
export type Schedule = (step: number) => number;

/** The same rate at every step. */
export const constantRate = (rate: number): Schedule => {
  checkRate('constantRate', rate);
  return () => rate;
};

/** Rises linearly from rate / steps at step 0 to the rate at step `steps` − 1, then goes on as `then` does. */
export const linearWarmup = (steps: number, then: Schedule): Schedule => {
  checkSteps('linearWarmup', steps);
  return (step) => then(step) * Math.min(1, (step + 1) / steps);
};

/**
 * Falls along half a cosine from the rate at step 0 to `floor` (default 0) at the last of `steps`, and stays there
 * (Loshchilov, Hutter 2016, arXiv 1608.03983, without restarts).
 */
export const cosineDecay = (rate: number, steps: number, floor = 0): Schedule => {
  checkRate('cosineDecay', rate);
  checkRate('cosineDecay', floor);
  checkSteps('cosineDecay', steps);
  const last = Math.max(1, steps - 1);
  return (step) => floor + ((rate - floor) * (1 + Math.cos((Math.PI * Math.min(step, last)) / last))) / 2;
};

/**
 * Rises linearly over `warmup` steps, stays at the rate, and falls linearly to nothing over the last `decay` of
 * `steps` (Hu et al. 2024, arXiv 2404.06395): the number of steps can be changed until the fall begins.
 */
export const warmupStableDecay = (
  rate: number,
  { steps, warmup, decay }: { readonly steps: number; readonly warmup: number; readonly decay: number },
): Schedule => {
  checkRate('warmupStableDecay', rate);
  for (const count of [steps, warmup, decay]) checkSteps('warmupStableDecay', count);
  return (step) => rate * Math.max(0, Math.min(1, (step + 1) / warmup, (steps - step) / decay));
};

/** @throws a sentence if a rate is not a finite number ≥ 0 */
export function checkRate(where: string, rate: number): void {
  if (!(Number.isFinite(rate) && rate >= 0)) {
    throw new Error(`${where}: a learning rate is a finite number ≥ 0, got ${rate}`);
  }
}

function checkSteps(where: string, steps: number): void {
  if (!(Number.isSafeInteger(steps) && steps >= 1)) {
    throw new Error(`${where}: the number of steps is a whole number ≥ 1, got ${steps}`);
  }
}
