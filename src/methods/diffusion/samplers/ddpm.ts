import { levelAt, levelOfAlphaCumprod, type NoiseLevel, timestep } from '../noise-level.ts';
import { clampClean, readPrediction } from '../prediction-types.ts';
import {
  choiceIn,
  clipRangeIn,
  refuseUnless,
  spacingIn,
  writeClipRange,
  writeSpacing,
} from '../scheduler-config-values.ts';
import { type SpacingOptions, spacedTimesteps } from '../timestep-spacing.ts';
import { weightedSum } from '../weighted-sum.ts';
import type { Sampler, SamplingStep } from './sampler.ts';

/**
 * The variance of a step: that of the posterior q(x_t' | x_t, x₀) (`fixed_small`, β̃), or that of the forward step
 * (`fixed_large`, β).
 */
export type DdpmVariance = 'fixed_small' | 'fixed_large';

export interface DdpmOptions extends SpacingOptions {
  readonly variance: DdpmVariance;
  /** Predicted clean latents are limited to ± this; `Infinity` for latent models. */
  readonly clipRange: number;
}

/** Ancestral sampling of the learned reverse process (Ho, Jain, Abbeel 2020, equations 6 and 7). Stochastic. */
export const ddpm: Sampler<DdpmOptions> = {
  schedulerClass: 'DDPMScheduler',
  classDefaults: {
    clip_sample: true,
    clip_sample_range: 1,
    // DDPM always ends at ᾱ = 1; the key is for other samplers on the same schedule.
    set_alpha_to_one: true,
    steps_offset: 0,
    timestep_spacing: 'leading',
    variance_type: 'fixed_small',
  },
  direction: 'to-data',
  isStochastic: () => true,
  readOptions(config) {
    refuseUnless(config, 'thresholding', false);
    return {
      ...spacingIn(config),
      clipRange: clipRangeIn(config),
      variance: choiceIn(config, 'variance_type', ['fixed_small', 'fixed_large']),
    };
  },
  writeOptions: (options) => ({
    ...writeSpacing(options),
    ...writeClipRange(options.clipRange),
    variance_type: options.variance,
  }),
  start({ schedule, options, steps, walked }) {
    const T = schedule.alphasCumprod.length;
    const stride = Math.floor(T / steps);
    const plan = spacedTimesteps(options, T, steps)
      .slice(-walked)
      .map((t): SamplingStep => {
        const from = levelAt(schedule, t);
        const previous = t - stride;
        const to = previous < 0 ? levelOfAlphaCumprod(timestep(previous), 1) : levelAt(schedule, previous);
        return { timestep: from.timestep, from, to };
      });
    return {
      steps: plan,
      initialNoiseScale: 1,
      advance(index, { latents, output, noise }) {
        const { from, to } = plan[index]!;
        const { clean } = readPrediction(schedule.predictionType, output, latents, from);
        const x0 = clampClean(clean, options.clipRange);
        const { x0Weight, xWeight, β, posteriorVariance } = posterior(from, to);
        const mean = weightedSum([x0Weight, x0], [xWeight, latents]);
        if (from.timestep === 0) return { latents: mean, clean: x0 };
        const variance = options.variance === 'fixed_small' ? posteriorVariance : β;
        return { latents: weightedSum([1, mean], [Math.sqrt(variance), noise()]), clean: x0 };
      },
    };
  },
};

/** q(x_to | x_from, x₀), with α and β those of the whole step: α = ᾱ_from/ᾱ_to, β = 1 − α. */
function posterior(from: NoiseLevel, to: NoiseLevel) {
  const rootα = from.alpha / to.alpha;
  const β = 1 - rootα ** 2;
  return {
    x0Weight: (to.alpha * β) / from.sigma ** 2,
    xWeight: (rootα * to.sigma ** 2) / from.sigma ** 2,
    β,
    posteriorVariance: (β * to.sigma ** 2) / from.sigma ** 2,
  };
}
