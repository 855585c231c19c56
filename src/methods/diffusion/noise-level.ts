import type { NoiseSchedule } from './noise-schedule.ts';

/**
 * A place on the training schedule: 0 is the cleanest, T − 1 the noisiest. Fractional where a sampler walks
 * between training timesteps; negative for "before the first" (the clean end that DDIM inversion starts from).
 */
export type Timestep = number & { readonly [timestepBrand]: true };

/** Noise divided by signal, σ_t / α_t: the σ of Karras et al. 2022 and of the Euler samplers. 0 … ∞. */
export type KarrasSigma = number & { readonly [karrasSigmaBrand]: true };

declare const timestepBrand: unique symbol;
declare const karrasSigmaBrand: unique symbol;

/** How noisy latents are: x_t = alpha·x₀ + sigma·ε, with alpha² + sigma² = 1 (alpha² is ᾱ_t). */
export interface NoiseLevel {
  readonly timestep: Timestep;
  readonly alpha: number;
  readonly sigma: number;
}

/** @throws if the value is not a finite number. */
export function timestep(value: number): Timestep {
  if (!Number.isFinite(value)) throw new Error(`timestep: expected a finite number, got ${value}`);
  return value as Timestep;
}

/** @throws if the value is negative or NaN. */
export function karrasSigma(value: number): KarrasSigma {
  if (!(value >= 0)) throw new Error(`karrasSigma: expected noise / signal ≥ 0, got ${value}`);
  return value as KarrasSigma;
}

/**
 * The level of a whole timestep. Before 0 it is the schedule's final level.
 * @throws if the timestep is fractional or lies beyond the schedule.
 */
export function levelAt(schedule: NoiseSchedule, at: number): NoiseLevel {
  const { alphasCumprod, finalAlphaCumprod } = schedule;
  if (!Number.isInteger(at) || at >= alphasCumprod.length) {
    throw new Error(`levelAt: expected a whole timestep up to ${alphasCumprod.length - 1}, got ${at}`);
  }
  return levelOfAlphaCumprod(timestep(at), at < 0 ? finalAlphaCumprod : alphasCumprod[at]!);
}

export const levelOfAlphaCumprod = (at: Timestep, alphaCumprod: number): NoiseLevel => ({
  timestep: at,
  alpha: Math.sqrt(alphaCumprod),
  sigma: Math.sqrt(1 - alphaCumprod),
});

/** α = 1/√(1 + σ²) and σ_t = σ/√(1 + σ²), from Karras' σ = σ_t/α_t. */
export function levelOfSigma(at: Timestep, sigma: KarrasSigma): NoiseLevel {
  if (sigma === Number.POSITIVE_INFINITY) return { timestep: at, alpha: 0, sigma: 1 };
  const scale = Math.hypot(1, sigma);
  return { timestep: at, alpha: 1 / scale, sigma: sigma / scale };
}

export const sigmaOf = (level: NoiseLevel): KarrasSigma => karrasSigma(level.sigma / level.alpha);

/** λ = ln(α/σ), half the logarithm of the signal-to-noise ratio (DPM-Solver, Lu et al. 2022). −∞ … ∞. */
export const lambdaOf = (level: NoiseLevel): number => Math.log(level.alpha / level.sigma);
