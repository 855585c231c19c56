import { readPrediction } from '../prediction-types.ts';
import {
  booleanIn,
  refuseOtherSigmas,
  refuseUnless,
  spacingIn,
  writeSpacing,
} from '../scheduler-config-values.ts';
import type { SpacingOptions } from '../timestep-spacing.ts';
import { weightedSum } from '../weighted-sum.ts';
import { eulerNoiseScale, eulerSteps } from './euler-levels.ts';
import type { Sampler } from './sampler.ts';

export interface EulerOptions extends SpacingOptions {
  /** The levels of the timesteps themselves, or those of Karras et al. 2022. */
  readonly sigmas: 'schedule' | 'karras';
}

/**
 * Euler's method for dx̂/dσ = ε in x̂ = x/α (Karras, Aittala, Aila, Laine 2022, algorithm 1 without churn).
 * x̂' = x̂ + ε·(σ' − σ) is x̂₀ + σ'·ε, so in x it is a DDIM step between levels that may lie between timesteps.
 * First order. It always ends at σ = 0.
 */
export const euler: Sampler<EulerOptions> = {
  schedulerClass: 'EulerDiscreteScheduler',
  classDefaults: {
    interpolation_type: 'linear',
    steps_offset: 0,
    timestep_spacing: 'linspace',
    use_karras_sigmas: false,
  },
  direction: 'to-data',
  isStochastic: () => false,
  readOptions(config) {
    refuseUnless(config, 'interpolation_type', 'linear');
    refuseUnless(config, 'timestep_type', 'discrete');
    refuseUnless(config, 'final_sigmas_type', 'zero');
    refuseOtherSigmas(config);
    return { ...spacingIn(config), sigmas: booleanIn(config, 'use_karras_sigmas') ? 'karras' : 'schedule' };
  },
  writeOptions: (options) => ({
    ...writeSpacing(options),
    interpolation_type: 'linear',
    use_karras_sigmas: options.sigmas === 'karras',
  }),
  start({ schedule, options, steps, walked }) {
    const plan = eulerSteps(schedule, options, options.sigmas, steps).slice(-walked);
    return {
      steps: plan,
      initialNoiseScale: eulerNoiseScale(options, plan[0]!),
      advance(index, { latents, output }) {
        const { from, to } = plan[index]!;
        const { clean, epsilon } = readPrediction(schedule.predictionType, output, latents, from);
        return { latents: weightedSum([to.alpha, clean], [to.sigma, epsilon]), clean };
      },
    };
  },
};
