import { full } from '../../../src/engine/arrays/index.ts';
import {
  type Latents,
  levelAt,
  type NoiseSchedule,
  type PredictionType,
  type Timestep,
  weightedSum,
} from '../../../src/methods/diffusion/index.ts';
import type { BranchPredictor } from '../../../src/methods/editing/index.ts';

/** Means of normal data that a text describes; all have one standard deviation. */
export interface GaussianTexts {
  readonly target: number;
  readonly source: number;
  /** What both branches know without a text. */
  readonly unconditional?: number;
}

export const deviation = 0.8;

/** Branches that answer ideally for normal data: E[ε | x_t] = σ (x_t − α μ) / (α² s² + σ²). */
export function gaussianBranches(schedule: NoiseSchedule, texts: GaussianTexts): BranchPredictor {
  const answer = (noisy: Latents, timestep: Timestep, mean: number) => ({
    conditional: ideal(schedule, noisy, timestep, mean),
    ...(texts.unconditional !== undefined && {
      unconditional: ideal(schedule, noisy, timestep, texts.unconditional),
    }),
  });
  return async (noisy, timestep) => ({
    target: answer(noisy.target, timestep, texts.target),
    source: answer(noisy.source, timestep, texts.source),
  });
}

function ideal(schedule: NoiseSchedule, noisy: Latents, timestep: Timestep, mean: number): Latents {
  const { alpha: α, sigma: σ } = levelAt(schedule, timestep);
  const ones = full(noisy.shape, 1);
  const gain = σ / (α ** 2 * deviation ** 2 + σ ** 2);
  const epsilon = weightedSum([gain, noisy], [-gain * α * mean, ones]);
  const cleanGain = (α * deviation ** 2) / (α ** 2 * deviation ** 2 + σ ** 2);
  const clean = weightedSum([cleanGain, noisy], [mean * (1 - cleanGain * α), ones]);
  const answers: { readonly [P in PredictionType]: Latents } = {
    epsilon,
    sample: clean,
    v_prediction: weightedSum([α, epsilon], [-σ, clean]),
  };
  return answers[schedule.predictionType];
}
