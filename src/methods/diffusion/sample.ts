import {
  fold,
  formatShape,
  normal,
  type RandomKey,
  type Shape,
  sameShape,
} from '../../engine/arrays/index.ts';
import { noiseTo } from './add-noise.ts';
import type { Denoiser, Latents } from './denoiser.ts';
import { type NoiseLevel, type Timestep, timestep } from './noise-level.ts';
import type { NoiseSchedule } from './noise-schedule.ts';
import { requireFinite } from './require-finite.ts';
import { type SamplerName, type SamplerSettings, samplers } from './samplers/index.ts';
import type { SamplerRun } from './samplers/sampler.ts';
import { requireSteps } from './timestep-spacing.ts';
import { weightedSum } from './weighted-sum.ts';

/** Where a trajectory begins. */
export type SamplingStart =
  /** Noise drawn from the key. */
  | { readonly kind: 'noise'; readonly shape: Shape }
  /** This standard normal noise, scaled as the sampler wants it. */
  | { readonly kind: 'given-noise'; readonly noise: Latents }
  /** Clean latents, noised to the level of the first step: image to image. Default noise: drawn from the key. */
  | { readonly kind: 'source'; readonly clean: Latents; readonly noise?: Latents }
  /** Latents as they are: already at the level of the first step, or clean ones to be inverted. */
  | { readonly kind: 'latents'; readonly latents: Latents };

export interface SampleOptions {
  readonly denoise: Denoiser;
  readonly schedule: NoiseSchedule;
  readonly sampler: SamplerSettings;
  /** Into how many steps the schedule is divided, 1 … T. PNDM calls the denoiser more often than this. */
  readonly steps: number;
  readonly start: SamplingStart;
  /** Where all randomness comes from: the same key gives the same noise. */
  readonly key: RandomKey;
  /** The share of the steps that is walked, counted from the clean end, in (0, 1]. Default 1. */
  readonly strength?: number;
  /** Standard normal noise for the stochastic step `index`, instead of the key's. */
  readonly stepNoise?: (index: number) => Latents;
  /** Replaces the latents after each step; `level` is theirs. Writes a noised background back, for example. */
  readonly revise?: (latents: Latents, level: NoiseLevel) => Latents;
  readonly signal?: AbortSignal;
}

/** After each call of the denoiser. */
export interface SamplingEvent {
  readonly kind: 'step';
  /** 0 … count − 1 */
  readonly step: number;
  readonly count: number;
  /** Where the denoiser was asked. */
  readonly timestep: Timestep;
  /** The latents after the step, and how noisy they are. */
  readonly latents: Latents;
  readonly level: NoiseLevel;
  /** The clean latents predicted in this step. */
  readonly predictedClean: Latents;
}

/**
 * Walks a trajectory and returns the latents at its end.
 * @throws a sentence if no step is asked for, if the start does not suit the sampler, if the denoiser answers with
 * another shape, or at the first step whose numbers are not finite; the signal's reason when it is aborted.
 */
export async function* sample(options: SampleOptions): AsyncGenerator<SamplingEvent, Latents, void> {
  const { schedule, sampler, start, key, signal, revise = (latents) => latents } = options;
  const run = startSampler(schedule, sampler, options);
  let latents = startLatents(start, sampler.name, run, key);
  requireFinite(latents, `sample (${sampler.name}): the latents that sampling starts from hold`);
  const stepNoise = options.stepNoise ?? ((index) => normal(fold(fold(key, 'step'), index), latents.shape));
  const count = run.steps.length;
  for (const [index, step] of run.steps.entries()) {
    signal?.throwIfAborted();
    // Inversion starts before timestep 0, where no model was trained: it is asked at 0 instead.
    const asked = timestep(Math.max(0, step.timestep));
    const where = `sample (${sampler.name}), step ${index + 1} of ${count} at timestep ${asked}`;
    const output = await options.denoise(latents, asked, signal);
    signal?.throwIfAborted();
    requireAnswer(output, latents, where);
    const result = run.advance(index, { latents, output, noise: () => stepNoise(index) });
    latents = revise(result.latents, step.to);
    requireFinite(latents, `${where}: the latents after the step hold`);
    yield {
      kind: 'step',
      step: index,
      count,
      timestep: asked,
      latents,
      level: step.to,
      predictedClean: result.clean,
    };
  }
  return latents;
}

/**
 * The steps that `sample` will take, to be looked at beforehand: `steps[0].from` is the level to start at.
 * @throws if no step is asked for, or more than the schedule has.
 */
export function startSampler<K extends SamplerName>(
  schedule: NoiseSchedule,
  sampler: SamplerSettings<K>,
  { steps, strength = 1 }: { readonly steps: number; readonly strength?: number },
): SamplerRun {
  requireSteps(steps, schedule.alphasCumprod.length);
  if (!(strength > 0 && strength <= 1)) {
    throw new Error(`sample: strength lies above 0 and up to 1, got ${strength}`);
  }
  const walked = Math.floor(steps * strength);
  if (walked === 0) {
    throw new Error(
      `sample: strength ${strength} of ${steps} steps is less than one step; ask for a strength of at least ` +
        `${(1 / steps).toPrecision(2)}, or for at least ${Math.ceil(1 / strength)} steps`,
    );
  }
  return samplers[sampler.name].start({ schedule, options: sampler.options, steps, walked });
}

function startLatents(start: SamplingStart, name: SamplerName, run: SamplerRun, key: RandomKey): Latents {
  if (start.kind === 'latents') return start.latents;
  if (samplers[name].direction === 'to-noise') {
    throw new Error(
      `sample: ${name} goes from data to noise, so it starts from { kind: 'latents' }, got "${start.kind}"`,
    );
  }
  const noiseKey = fold(key, 'start');
  if (start.kind === 'source') {
    const noise = start.noise ?? normal(noiseKey, start.clean.shape);
    return noiseTo(run.steps[0]!.from, start.clean, noise);
  }
  const noise = start.kind === 'noise' ? normal(noiseKey, start.shape) : start.noise;
  return weightedSum([run.initialNoiseScale, noise]);
}

function requireAnswer(output: Latents, latents: Latents, where: string): void {
  if (!sameShape(output.shape, latents.shape)) {
    throw new Error(
      `${where}: the denoiser should answer with the shape of the latents, ${formatShape(latents.shape)}, got ` +
        formatShape(output.shape),
    );
  }
  requireFinite(output, `${where}: the denoiser's answer holds`);
}
