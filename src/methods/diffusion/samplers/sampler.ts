import type { Latents } from '../denoiser.ts';
import type { NoiseLevel, Timestep } from '../noise-level.ts';
import type { NoiseSchedule } from '../noise-schedule.ts';
import type { SchedulerConfig } from '../scheduler-config-values.ts';

/**
 * A way of walking from noise to data (or back) with a denoiser. Samplers are host arithmetic: they say where the
 * denoiser is asked and what its answers do to the latents, and never call it.
 */
export interface Sampler<Options> {
  /** The class that diffusers gives this sampler, `_class_name` in scheduler_config.json. */
  readonly schedulerClass: string;
  /** What diffusers assumes for keys that the file does not have. */
  readonly classDefaults: SchedulerConfig;
  readonly direction: 'to-data' | 'to-noise';
  /** Whether steps draw noise, so that walks from the same latents differ. */
  isStochastic(options: Options): boolean;
  /** @throws a sentence where the configuration asks for what this sampler does not do. */
  readOptions(config: SchedulerConfig): Options;
  writeOptions(options: Options): SchedulerConfig;
  /** A fresh walk. @throws if the number of steps or the options cannot be walked on this schedule. */
  start(request: SamplingRequest<Options>): SamplerRun;
}

export interface SamplingRequest<Options> {
  readonly schedule: NoiseSchedule;
  readonly options: Options;
  /** Into how many steps the whole schedule is divided. */
  readonly steps: number;
  /** How many of them, counted from the clean end, are walked: 1 … steps. */
  readonly walked: number;
}

export interface SamplerRun {
  /** One entry for each call of the denoiser. */
  readonly steps: readonly SamplingStep[];
  /** Pure noise is multiplied by this before the first step. */
  readonly initialNoiseScale: number;
  /** Takes step `index`. Multistep samplers remember: call it for 0, 1, 2, … in order, once each. */
  advance(index: number, input: StepInput): StepResult;
}

/** The denoiser is asked at `timestep` about latents of the level `from`; after the step they have the level `to`. */
export interface SamplingStep {
  readonly timestep: Timestep;
  readonly from: NoiseLevel;
  readonly to: NoiseLevel;
}

export interface StepInput {
  readonly latents: Latents;
  /** The denoiser's answer at these latents and the step's timestep, in the schedule's prediction type. */
  readonly output: Latents;
  /** Standard normal noise shaped like the latents; called at most once, and only by stochastic samplers. */
  readonly noise: () => Latents;
}

export interface StepResult {
  /** At the step's level `to`. */
  readonly latents: Latents;
  /** The clean latents that the denoiser predicted at this step. */
  readonly clean: Latents;
}
