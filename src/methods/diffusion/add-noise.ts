import { formatShape, ndArray, sameShape } from '../../engine/arrays/index.ts';
import type { Latents } from './denoiser.ts';
import { levelAt, type NoiseLevel, type Timestep } from './noise-level.ts';
import type { NoiseSchedule } from './noise-schedule.ts';
import { weightedSum } from './weighted-sum.ts';

/** Clean latents and noise of one shape [batch, …], and a whole timestep in 0 … T − 1 for each batch item. */
export interface NoisyBatch {
  readonly clean: Latents;
  readonly noise: Latents;
  readonly timesteps: readonly Timestep[];
}

/** x_t = α_t·x₀ + σ_t·ε for each batch item. */
export const addNoise = (schedule: NoiseSchedule, batch: NoisyBatch): Latents =>
  combineItems('addNoise', schedule, batch, ({ alpha: α, sigma: σ }) => [α, σ]);

/** v = α_t·ε − σ_t·x₀ for each batch item. */
export const velocity = (schedule: NoiseSchedule, batch: NoisyBatch): Latents =>
  combineItems('velocity', schedule, batch, ({ alpha: α, sigma: σ }) => [-σ, α]);

/** What a model of this schedule should answer at `addNoise(schedule, batch)`: ε, v or x₀. */
export function trainingTarget(schedule: NoiseSchedule, batch: NoisyBatch): Latents {
  if (schedule.predictionType === 'v_prediction') return velocity(schedule, batch);
  return schedule.predictionType === 'epsilon' ? batch.noise : batch.clean;
}

/** α·x₀ + σ·ε with one level for all. */
export const noiseTo = (level: NoiseLevel, clean: Latents, noise: Latents): Latents =>
  weightedSum([level.alpha, clean], [level.sigma, noise]);

function combineItems(
  caller: string,
  schedule: NoiseSchedule,
  { clean, noise, timesteps }: NoisyBatch,
  weightsAt: (level: NoiseLevel) => readonly [clean: number, noise: number],
): Latents {
  if (!sameShape(clean.shape, noise.shape) || clean.shape[0] !== timesteps.length) {
    throw new Error(
      `${caller}: expected noise shaped like the clean latents ${formatShape(clean.shape)} and a timestep for ` +
        `each of the ${clean.shape[0]} items, got ${formatShape(noise.shape)} and ${timesteps.length} timesteps`,
    );
  }
  const itemSize = clean.data.length / timesteps.length;
  const weights = timesteps.map((t) => weightsAt(trainedLevel(caller, schedule, t)));
  const data = clean.data.map((value, i) => {
    const [a, b] = weights[Math.floor(i / itemSize)]!;
    return a * value + b * noise.data[i]!;
  });
  return ndArray('float32', clean.shape, data);
}

function trainedLevel(caller: string, schedule: NoiseSchedule, t: Timestep): NoiseLevel {
  if (t >= 0) return levelAt(schedule, t);
  throw new Error(`${caller}: expected timesteps from 0 to ${schedule.alphasCumprod.length - 1}, got ${t}`);
}
