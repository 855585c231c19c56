import { full } from '../../../src/engine/arrays/index.ts';
import {
  type Latents,
  type NoiseLevel,
  type NoiseSchedule,
  type PredictionType,
  type SamplingStep,
  weightedSum,
} from '../../../src/methods/diffusion/index.ts';

/** Data whose every element is drawn from N(mean, deviation²), for which diffusion has closed forms. */
export const gaussian = { mean: 0.5, deviation: 0.8 };

/** The standard deviation of x_t: √(α²s² + σ²). */
export const deviationAt = ({ alpha, sigma }: NoiseLevel): number =>
  Math.hypot(alpha * gaussian.deviation, sigma);

/** E[x₀ | x_t] = μ + α·s²·(x_t − α·μ)/(α²s² + σ²) */
export function idealClean(latents: Latents, level: NoiseLevel): Latents {
  const gain = (level.alpha * gaussian.deviation ** 2) / deviationAt(level) ** 2;
  return weightedSum([gain, latents], [gaussian.mean * (1 - gain * level.alpha), full(latents.shape, 1)]);
}

/** E[ε | x_t] = σ·(x_t − α·μ)/(α²s² + σ²) */
function idealEpsilon(latents: Latents, level: NoiseLevel): Latents {
  const gain = level.sigma / deviationAt(level) ** 2;
  return weightedSum([gain, latents], [-gain * level.alpha * gaussian.mean, full(latents.shape, 1)]);
}

const idealAnswers: { readonly [K in PredictionType]: (latents: Latents, level: NoiseLevel) => Latents } = {
  epsilon: idealEpsilon,
  sample: idealClean,
  v_prediction: (latents, level) =>
    weightedSum([level.alpha, idealEpsilon(latents, level)], [-level.sigma, idealClean(latents, level)]),
};

/** A denoiser that answers ideally when it is asked at these steps in order. */
export function idealDenoiser(
  schedule: NoiseSchedule,
  steps: readonly SamplingStep[],
): (latents: Latents) => Promise<Latents> {
  let call = 0;
  return async (latents) => {
    const { from } = steps[call++]!;
    return idealAnswers[schedule.predictionType](latents, from);
  };
}

/** The probability flow ODE carries (x − α·μ)/√(α²s² + σ²) unchanged from level to level. */
export function exactSolution(latents: Latents, from: NoiseLevel, to: NoiseLevel): Latents {
  const ratio = deviationAt(to) / deviationAt(from);
  const shift = gaussian.mean * (to.alpha - ratio * from.alpha);
  return weightedSum([ratio, latents], [shift, full(latents.shape, 1)]);
}
