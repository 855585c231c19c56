import { forwardEvents } from '../../../engine/index.ts';
import {
  type Denoiser,
  type Latents,
  type NoiseLevel,
  type NoiseSchedule,
  noiseTo,
  type SamplingEvent,
  sample,
  weightedSum,
} from '../../diffusion/index.ts';

/** The source at every level of noise, ẑ_t. */
export type SourceTrajectory = (level: NoiseLevel) => Latents;

/** Where ẑ_t's noise comes from: one noise for all levels, or DDIM inversion. */
export type SourceNoise = 'fixed' | 'inverted';

/** α_t ẑ + σ_t ε with one ε. */
export const noisedSource =
  (source: Latents, noise: Latents): SourceTrajectory =>
  (level) =>
    noiseTo(level, source, noise);

/**
 * The source walked to noise by DDIM inversion (Song, Meng, Ermon 2021, section 4.3), with a denoiser that is not
 * guided. Between the levels it visited, the noise of the nearest one is taken.
 */
export async function* invertedSource(
  source: Latents,
  denoise: Denoiser,
  schedule: NoiseSchedule,
  steps: number,
  signal?: AbortSignal,
): AsyncGenerator<SamplingEvent, SourceTrajectory> {
  const walk = sample({
    denoise,
    schedule,
    sampler: {
      name: 'ddim-inverse',
      options: { timestepSpacing: 'trailing', stepsOffset: 0, clipRange: Number.POSITIVE_INFINITY },
    },
    steps,
    start: { kind: 'latents', latents: source },
    key: { words: [0, 0] }, // inversion draws nothing
    ...(signal && { signal }),
  });
  const visited: { readonly level: NoiseLevel; readonly noise: Latents }[] = [];
  yield* forwardEvents(walk, (event) => {
    const { level, latents } = event;
    const noise = weightedSum([1 / level.sigma, latents], [-level.alpha / level.sigma, source]);
    visited.push({ level, noise });
    return event;
  });
  const distance = (level: NoiseLevel, { level: other }: (typeof visited)[number]) =>
    Math.abs(level.sigma - other.sigma);
  return (level) => {
    const nearest = visited.reduce((a, b) => (distance(level, b) < distance(level, a) ? b : a));
    return noiseTo(level, source, nearest.noise);
  };
}
