import { levelAt } from '../noise-level.ts';
import { clampClean, readPrediction } from '../prediction-types.ts';
import {
  clipRangeIn,
  numberIn,
  refuseUnless,
  spacingIn,
  writeClipRange,
  writeSpacing,
} from '../scheduler-config-values.ts';
import { type SpacingOptions, spacedTimesteps } from '../timestep-spacing.ts';
import { weightedSum } from '../weighted-sum.ts';
import type { Sampler, SamplingStep } from './sampler.ts';

export interface DdimOptions extends SpacingOptions {
  /** η: 0 is deterministic, 1 as noisy as DDPM. diffusers takes it with each step; no file holds it. Default 0. */
  readonly eta: number;
  /** Predicted clean latents are limited to ± this; `Infinity` for latent models. */
  readonly clipRange: number;
}

/** Denoising diffusion implicit models (Song, Meng, Ermon 2021, equation 12). First order. */
export const ddim: Sampler<DdimOptions> = {
  schedulerClass: 'DDIMScheduler',
  classDefaults: {
    clip_sample: true,
    clip_sample_range: 1,
    set_alpha_to_one: true,
    steps_offset: 0,
    timestep_spacing: 'leading',
  },
  direction: 'to-data',
  isStochastic: ({ eta }) => eta > 0,
  readOptions(config) {
    refuseUnless(config, 'thresholding', false);
    return {
      ...spacingIn(config),
      clipRange: clipRangeIn(config),
      eta: 'eta' in config ? numberIn(config, 'eta') : 0,
    };
  },
  writeOptions: (options) => ({
    ...writeSpacing(options),
    ...writeClipRange(options.clipRange),
    ...(options.eta === 0 ? {} : { eta: options.eta }),
  }),
  start({ schedule, options, steps, walked }) {
    const η = options.eta;
    if (!(η >= 0 && η <= 1)) throw new Error(`ddim: eta lies between 0 and 1, got ${η}`);
    const T = schedule.alphasCumprod.length;
    // Each step goes down by ⌊T/n⌋ whatever the spacing, as the reference does. With `trailing` and `linspace`
    // it may so arrive a timestep or two beside where the next one starts.
    const stride = Math.floor(T / steps);
    const plan = spacedTimesteps(options, T, steps)
      .slice(-walked)
      .map((t): SamplingStep => {
        const from = levelAt(schedule, t);
        return { timestep: from.timestep, from, to: levelAt(schedule, t - stride) };
      });
    return {
      steps: plan,
      initialNoiseScale: 1,
      advance(index, { latents, output, noise }) {
        const { from, to } = plan[index]!;
        const { clean, epsilon } = readPrediction(schedule.predictionType, output, latents, from);
        const x0 = clampClean(clean, options.clipRange);
        // σ_t(η), equation 16
        const σ = (η * to.sigma * Math.sqrt(1 - (from.alpha / to.alpha) ** 2)) / from.sigma;
        const towardNoise = Math.sqrt(to.sigma ** 2 - σ ** 2);
        const moved = weightedSum([to.alpha, x0], [towardNoise, epsilon]);
        return { latents: η === 0 ? moved : weightedSum([1, moved], [σ, noise()]), clean: x0 };
      },
    };
  },
};
