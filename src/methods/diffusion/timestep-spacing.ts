/**
 * Which of the T training timesteps n sampling steps visit (Lin et al. 2023, table 2).
 * `leading`: multiples of ⌊T/n⌋, plus an offset; never the noisiest. `trailing`: from T − 1 down in equal strides.
 * `linspace`: from T − 1 to 0, both included.
 */
export type TimestepSpacing = 'leading' | 'trailing' | 'linspace';

export const timestepSpacings: readonly TimestepSpacing[] = ['leading', 'trailing', 'linspace'];

export interface SpacingOptions {
  readonly timestepSpacing: TimestepSpacing;
  /** Added to `leading` timesteps only; 1 for Stable Diffusion. */
  readonly stepsOffset: number;
}

/**
 * n timesteps, noisiest first; whole numbers, but for `linspace` in `fractional` form (float32).
 * One `linspace` step is the noisiest timestep.
 * @throws if n is not a whole number from 1 to T, or the offset moves a timestep beyond the schedule.
 */
export function spacedTimesteps(
  { timestepSpacing, stepsOffset }: SpacingOptions,
  trainTimesteps: number,
  steps: number,
  form: 'whole' | 'fractional' = 'whole',
): number[] {
  requireSteps(steps, trainTimesteps);
  const timesteps = spacings[timestepSpacing](trainTimesteps, steps, stepsOffset);
  requireWithinSchedule(timesteps, trainTimesteps, stepsOffset);
  return timesteps.map(form === 'whole' ? roundHalfToEven : Math.fround);
}

/** @throws if a sampler is asked for no steps, for a part of a step, or for more than it can divide T into. */
export function requireSteps(steps: number, most: number): void {
  if (Number.isSafeInteger(steps) && steps >= 1 && steps <= most) return;
  throw new Error(
    `Sampling on this noise schedule takes a whole number of steps from 1 to ${most}, got ${steps}`,
  );
}

/** @throws if the offset moved a timestep beyond T − 1. */
export function requireWithinSchedule(
  timesteps: readonly number[],
  trainTimesteps: number,
  stepsOffset: number,
): void {
  const highest = Math.max(...timesteps);
  if (highest < trainTimesteps) return;
  throw new Error(
    `Timestep spacing: ${timesteps.length} steps with offset ${stepsOffset} reach timestep ${highest}, but the ` +
      `schedule ends at ${trainTimesteps - 1}; lower the offset (steps_offset) or change the number of steps`,
  );
}

const spacings: { readonly [K in TimestepSpacing]: (T: number, n: number, offset: number) => number[] } = {
  leading: (T, n, offset) => descending(n, (i) => i * Math.floor(T / n) + offset),
  trailing: (T, n) => strides(T, T / n, n).map((t) => roundHalfToEven(t) - 1),
  linspace: (T, n) => (n === 1 ? [T - 1] : linspace(T - 1, n)),
};

/** `count` values from `last` to 0 in equal strides. */
export const linspace = (last: number, count: number): number[] => {
  const stride = last / (count - 1);
  return descending(count, (i) => (i === count - 1 ? last : i * stride));
};

/** first, first − stride, …; the stride as it survives one subtraction, which decides where halves round to. */
export const strides = (first: number, stride: number, count: number): number[] => {
  const step = first - stride - first;
  return Array.from({ length: count }, (_, i) => first + i * step);
};

/** As NumPy rounds: 499.5 → 500, 500.5 → 500. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

export const descending = (count: number, valueAt: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => valueAt(count - 1 - i));
