import type { NoiseLevel } from '../../diffusion/index.ts';

/** w(t) by which the difference of the two predictions is multiplied. */
export type TimestepWeighting = 'constant' | 'noise-to-signal' | 'variance';

/** @throws if the weight is not finite: the noise-to-signal ratio where there is no signal */
export function timestepWeight(weighting: TimestepWeighting, level: NoiseLevel): number {
  const weight = weights[weighting](level);
  if (Number.isFinite(weight)) return weight;
  throw new Error(
    `timestepWeight: "${weighting}" is ${weight} at timestep ${level.timestep}; take a range of timesteps that ends earlier`,
  );
}

const weights: { readonly [W in TimestepWeighting]: (level: NoiseLevel) => number } = {
  /** Hertz et al. 2023: a step in ε. */
  constant: () => 1,
  /** √(1 − ᾱ)/√ᾱ: a step in x₀, since x₀ = (x_t − σ·ε)/α. */
  'noise-to-signal': ({ alpha, sigma }) => sigma / alpha,
  /** 1 − ᾱ, as score distillation was first weighted (Poole et al. 2022, arXiv 2209.14988). */
  variance: ({ sigma }) => sigma ** 2,
};
