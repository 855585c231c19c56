import { type NoiseLevel, sigmaOf } from '../noise-level.ts';
import { readPrediction } from '../prediction-types.ts';
import { spacingIn, writeSpacing } from '../scheduler-config-values.ts';
import type { SpacingOptions } from '../timestep-spacing.ts';
import { weightedSum } from '../weighted-sum.ts';
import { eulerNoiseScale, eulerSteps } from './euler-levels.ts';
import type { Sampler } from './sampler.ts';

export type EulerAncestralOptions = SpacingOptions;

/**
 * Euler's method down to a lower σ than the next level's, then fresh noise up to it
 * (k-diffusion, sample_euler_ancestral; the variances are those of Song, Meng, Ermon 2021 with η = 1). Stochastic.
 */
export const eulerAncestral: Sampler<EulerAncestralOptions> = {
  schedulerClass: 'EulerAncestralDiscreteScheduler',
  classDefaults: { steps_offset: 0, timestep_spacing: 'linspace' },
  direction: 'to-data',
  isStochastic: () => true,
  readOptions: spacingIn,
  writeOptions: writeSpacing,
  start({ schedule, options, steps, walked }) {
    const plan = eulerSteps(schedule, options, 'schedule', steps).slice(-walked);
    return {
      steps: plan,
      initialNoiseScale: eulerNoiseScale(options, plan[0]!),
      advance(index, { latents, output, noise }) {
        const { from, to } = plan[index]!;
        const { clean, epsilon } = readPrediction(schedule.predictionType, output, latents, from);
        const { down, up } = ancestralSigmas(from, to);
        // x̂' = x̂₀ + σ_down·ε + σ_up·n, times α'
        const moved = weightedSum([to.alpha, clean], [to.alpha * down, epsilon]);
        return { latents: up === 0 ? moved : weightedSum([1, moved], [to.alpha * up, noise()]), clean };
      },
    };
  },
};

/** σ_up² = σ'²·(1 − σ'²/σ²) and σ_down² = σ'² − σ_up² = σ'⁴/σ². */
function ancestralSigmas(from: NoiseLevel, to: NoiseLevel) {
  const next = sigmaOf(to);
  const ratio = next / sigmaOf(from);
  return { up: next * Math.sqrt(1 - ratio ** 2), down: next * ratio };
}
