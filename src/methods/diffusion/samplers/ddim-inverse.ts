import { levelAt } from '../noise-level.ts';
import { clampClean, readPrediction } from '../prediction-types.ts';
import {
  clipRangeIn,
  refuseUnless,
  spacingIn,
  writeClipRange,
  writeSpacing,
} from '../scheduler-config-values.ts';
import { type SpacingOptions, spacedTimesteps } from '../timestep-spacing.ts';
import { weightedSum } from '../weighted-sum.ts';
import type { Sampler, SamplingStep } from './sampler.ts';

export interface DdimInverseOptions extends SpacingOptions {
  /** Predicted clean latents are limited to ± this; `Infinity` for latent models. */
  readonly clipRange: number;
}

/**
 * The deterministic DDIM ODE from data to noise: DDIM from the latents that come out gives back (nearly) those
 * that went in (Song, Meng, Ermon 2021, section 4.3; Dhariwal, Nichol 2021, appendix F). First order. The first
 * step leaves the final level of the schedule, which lies before timestep 0.
 */
export const ddimInverse: Sampler<DdimInverseOptions> = {
  schedulerClass: 'DDIMInverseScheduler',
  classDefaults: {
    clip_sample: true,
    clip_sample_range: 1,
    set_alpha_to_one: true,
    steps_offset: 0,
    timestep_spacing: 'leading',
  },
  direction: 'to-noise',
  isStochastic: () => false,
  readOptions(config) {
    refuseUnless(config, 'thresholding', false);
    return { ...spacingIn(config), clipRange: clipRangeIn(config) };
  },
  writeOptions: (options) => ({ ...writeSpacing(options), ...writeClipRange(options.clipRange) }),
  start({ schedule, options, steps, walked }) {
    if (options.timestepSpacing === 'linspace') {
      throw new Error('ddim-inverse: inversion needs leading or trailing timestep spacing, got linspace');
    }
    const T = schedule.alphasCumprod.length;
    const visited = spacedTimesteps(options, T, steps).reverse();
    // A step is taken from where DDIM's step arrives to where it starts.
    const plan = [Math.trunc(visited[0]! - strideOf(options, T, steps)), ...visited]
      .slice(0, walked)
      .map((t): SamplingStep => {
        const from = levelAt(schedule, t);
        return { timestep: from.timestep, from, to: levelAt(schedule, t + Math.floor(T / steps)) };
      });
    return {
      steps: plan,
      initialNoiseScale: 1,
      advance(index, { latents, output }) {
        const { from, to } = plan[index]!;
        const { clean, epsilon } = readPrediction(schedule.predictionType, output, latents, from);
        const x0 = clampClean(clean, options.clipRange);
        return { latents: weightedSum([to.alpha, x0], [to.sigma, epsilon]), clean: x0 };
      },
    };
  },
};

const strideOf = ({ timestepSpacing }: SpacingOptions, T: number, steps: number) =>
  timestepSpacing === 'trailing' ? T / steps : Math.floor(T / steps);
