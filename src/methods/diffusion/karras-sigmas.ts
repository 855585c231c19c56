import { type KarrasSigma, karrasSigma, type Timestep, timestep } from './noise-level.ts';
import type { NoiseSchedule } from './noise-schedule.ts';

/**
 * n noise levels from `highest` to `lowest`, densest near the data: σ_i = (σ_max^(1/ρ) + i/(n−1) ·
 * (σ_min^(1/ρ) − σ_max^(1/ρ)))^ρ with ρ = 7 (Karras, Aittala, Aila, Laine 2022, equation 5). One step is `highest`.
 */
export function karrasSigmas(highest: KarrasSigma, lowest: KarrasSigma, steps: number): KarrasSigma[] {
  const ρ = 7;
  const maximum = highest ** (1 / ρ);
  const minimum = lowest ** (1 / ρ);
  return Array.from({ length: steps }, (_, i) =>
    karrasSigma((maximum + (steps === 1 ? 0 : i / (steps - 1)) * (minimum - maximum)) ** ρ),
  );
}

/**
 * √((1 − ᾱ_t)/ᾱ_t) of every training timestep, [T], float32, increasing. Pure noise counts as σ = 4096, to keep
 * interpolation finite.
 */
export const scheduleSigmas = ({ alphasCumprod }: NoiseSchedule): Float32Array =>
  alphasCumprod.map((value) => {
    const ᾱ = Math.max(value, 2 ** -24);
    return Math.sqrt(Math.fround(Math.fround(1 - ᾱ) / ᾱ));
  });

/** σ at a fractional timestep, linear between its neighbours. */
export function sigmaAt(sigmas: Float32Array, at: number): KarrasSigma {
  const below = Math.min(Math.max(Math.floor(at), 0), sigmas.length - 1);
  const low = sigmas[below]!;
  if (at === below) return karrasSigma(low);
  return karrasSigma(low + (at - below) * (sigmas[Math.min(below + 1, sigmas.length - 1)]! - low));
}

/**
 * The fractional timestep of a σ, linear in ln σ between training timesteps; the nearest end outside them. In
 * float32, as the reference computes it: the rounding shows in the fourth decimal of the timestep.
 */
export function timestepOfSigma(sigmas: Float32Array, sigma: KarrasSigma): Timestep {
  const above = sigmas.findIndex((value) => value > sigma);
  if (above === 0) return timestep(0);
  const low = (above < 0 ? sigmas.length : above) - 1;
  if (low === sigmas.length - 1) return timestep(low);
  const lowLog = Math.fround(Math.log(sigmas[low]!));
  const highLog = Math.fround(Math.log(sigmas[low + 1]!));
  const distance = Math.fround(lowLog - Math.fround(Math.log(sigma)));
  const w = Math.min(Math.max(Math.fround(distance / Math.fround(lowLog - highLog)), 0), 1);
  return timestep((1 - w) * low + w * (low + 1));
}
