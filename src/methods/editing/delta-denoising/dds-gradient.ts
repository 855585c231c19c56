import {
  classifierFreeGuidance,
  type Latents,
  levelAt,
  type NoiseSchedule,
  noiseTo,
  type Prediction,
  readPrediction,
  requireFinite,
  type Timestep,
  weightedSum,
} from '../../diffusion/index.ts';
import type { BranchAnswer, Branches, BranchName, BranchPredictor } from './branches.ts';
import { type TimestepWeighting, timestepWeight } from './timestep-weighting.ts';

/** Where the gradient is estimated: one time and one noise, which both branches share. */
export interface DdsPoint {
  readonly schedule: NoiseSchedule;
  /** Whole, 0 … T − 1. */
  readonly timestep: Timestep;
  /** Standard normal, shaped like the latents. */
  readonly noise: Latents;
  /** w of classifier-free guidance; 7.5 in both branches is DDS'. */
  readonly guidanceScale: Branches<number>;
  readonly weighting: TimestepWeighting;
}

export interface DdsGradient {
  /** With respect to the target's latents, and shaped like them. */
  readonly gradient: Latents;
  /** What each branch predicted under guidance, as clean latents and as noise. */
  readonly predictions: Branches<Prediction>;
}

/**
 * The gradient of the delta denoising score (Hertz, Aberman, Cohen-Or 2023, arXiv 2304.07090, equation 3), the Jacobian
 * of the UNet left out:
 *
 *     ∇_z L = w(t) [ ε_θ^w(z_t; y, t) − ε^w(ẑ_t; ŷ, t) ],   z_t = α_t z + σ_t ε,   ẑ_t = α_t ẑ + σ_t ε
 *
 * Nothing is divided by the number of elements. Which network stands in the source's branch is the predictor's: θ too
 * gives DDS, the pre-trained φ gives DDS-S (DreamSteerer, arXiv 2410.11208, source score correction).
 * @param latents z as `target`, ẑ as `source`, [items, channels, height, width]
 * @throws a sentence if a prediction is not finite, or guidance other than 1 lacks its unconditional prediction
 */
export async function ddsGradient(
  predict: BranchPredictor,
  latents: Branches<Latents>,
  point: DdsPoint,
  signal?: AbortSignal,
): Promise<DdsGradient> {
  const { schedule, timestep, noise, guidanceScale, weighting } = point;
  const level = levelAt(schedule, timestep);
  const w = timestepWeight(weighting, level);
  const noisy = {
    target: noiseTo(level, latents.target, noise),
    source: noiseTo(level, latents.source, noise),
  };
  const answers = await predict(noisy, timestep, signal);
  signal?.throwIfAborted();
  const read = (branch: BranchName) => {
    const guided = guide(answers[branch], guidanceScale[branch], branch);
    requireFinite(guided, `ddsGradient at timestep ${timestep}: the ${branch} branch predicts`);
    return readPrediction(schedule.predictionType, guided, noisy[branch], level);
  };
  const predictions = { target: read('target'), source: read('source') };
  const gradient = weightedSum([w, predictions.target.epsilon], [-w, predictions.source.epsilon]);
  return { gradient, predictions };
}

function guide({ conditional, unconditional }: BranchAnswer, w: number, branch: BranchName): Latents {
  if (w === 1) return conditional;
  if (unconditional !== undefined) {
    return classifierFreeGuidance(conditional, unconditional, { guidanceScale: w });
  }
  throw new Error(
    `ddsGradient: a guidance scale of ${w} needs the unconditional prediction, which the ${branch} branch lacks; ` +
      'give it the text that guidance leads away from, or a guidance scale of 1',
  );
}
