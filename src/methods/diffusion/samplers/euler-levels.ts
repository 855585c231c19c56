import { karrasSigmas, scheduleSigmas, sigmaAt, timestepOfSigma } from '../karras-sigmas.ts';
import { karrasSigma, levelOfSigma, timestep } from '../noise-level.ts';
import type { NoiseSchedule } from '../noise-schedule.ts';
import { type SpacingOptions, spacedTimesteps } from '../timestep-spacing.ts';
import type { SamplingStep } from './sampler.ts';

/** Where the Euler samplers step: σ at each (possibly fractional) timestep, or Karras' σ; the last step ends at 0. */
export function eulerSteps(
  schedule: NoiseSchedule,
  spacing: SpacingOptions,
  sigmas: 'schedule' | 'karras',
  steps: number,
): SamplingStep[] {
  const table = scheduleSigmas(schedule);
  const timesteps = spacedTimesteps(spacing, table.length, steps, 'fractional');
  const ofSchedule = timesteps.map((t) => sigmaAt(table, t));
  const walked =
    sigmas === 'karras' ? karrasSigmas(ofSchedule[0]!, ofSchedule[steps - 1]!, steps) : ofSchedule;
  const levels = walked.map((σ, i) =>
    levelOfSigma(
      sigmas === 'karras' ? timestepOfSigma(table, σ) : timestep(timesteps[i]!),
      karrasSigma(Math.fround(σ)),
    ),
  );
  const clean = levelOfSigma(timestep(0), karrasSigma(0));
  return levels.map((from, i) => ({ timestep: from.timestep, from, to: levels[i + 1] ?? clean }));
}

/**
 * Noise is scaled to the first level's σ where the spacing reaches the noisiest timestep, and fills the whole
 * variance where it does not.
 */
export const eulerNoiseScale = ({ timestepSpacing }: SpacingOptions, first: SamplingStep): number =>
  timestepSpacing === 'leading' ? 1 : first.from.sigma;
