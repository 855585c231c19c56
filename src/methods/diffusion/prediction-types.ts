import { ndArray } from '../../engine/arrays/index.ts';
import type { Latents } from './denoiser.ts';
import type { NoiseLevel } from './noise-level.ts';
import type { PredictionType } from './noise-schedule.ts';
import { weightedSum } from './weighted-sum.ts';

/** The two readings of one model output: x_t = α·clean + σ·epsilon. */
export interface Prediction {
  readonly clean: Latents;
  readonly epsilon: Latents;
}

/**
 * Both readings of a model's output at latents x_t of the given level.
 * @throws where the output does not determine them: ε at zero signal, x₀ at zero noise.
 */
export const readPrediction = (
  type: PredictionType,
  output: Latents,
  latents: Latents,
  level: NoiseLevel,
): Prediction => readings[type](output, latents, level);

/** The same prediction as another type: v = α·ε − σ·x₀ (Salimans, Ho 2022, appendix D). */
export function convertPrediction(
  output: Latents,
  types: { readonly from: PredictionType; readonly to: PredictionType },
  latents: Latents,
  level: NoiseLevel,
): Latents {
  if (types.from === types.to) return output;
  const { clean, epsilon } = readPrediction(types.from, output, latents, level);
  const { alpha: α, sigma: σ } = level;
  if (types.to === 'v_prediction') return weightedSum([α, epsilon], [-σ, clean]);
  return types.to === 'epsilon' ? epsilon : clean;
}

/** Limits clean latents to ± range, for models of bounded pictures; `Infinity` leaves them as they are. */
export const clampClean = (clean: Latents, range: number): Latents =>
  range === Number.POSITIVE_INFINITY
    ? clean
    : ndArray(
        'float32',
        clean.shape,
        clean.data.map((value) => Math.min(Math.max(value, -range), range)),
      );

const readings: {
  readonly [K in PredictionType]: (output: Latents, latents: Latents, level: NoiseLevel) => Prediction;
} = {
  epsilon(epsilon, x, level) {
    const { alpha: α, sigma: σ } = level;
    if (α === 0) throw new Error(undetermined(level, 'no signal', 'an epsilon prediction', 'clean latents'));
    return { clean: weightedSum([1 / α, x], [-σ / α, epsilon]), epsilon };
  },
  v_prediction: (v, x, { alpha: α, sigma: σ }) => ({
    clean: weightedSum([α, x], [-σ, v]),
    epsilon: weightedSum([σ, x], [α, v]),
  }),
  sample(clean, x, level) {
    const { alpha: α, sigma: σ } = level;
    if (σ === 0) throw new Error(undetermined(level, 'no noise', 'a sample prediction', 'noise'));
    return { clean, epsilon: weightedSum([1 / σ, x], [-α / σ, clean]) };
  },
};

const undetermined = (level: NoiseLevel, what: string, type: string, unknown: string) =>
  `readPrediction: timestep ${level.timestep} has ${what}, so ${type} does not determine the ${unknown} there; ` +
  'use a v_prediction model, or a schedule or timestep spacing that does not reach this level';
