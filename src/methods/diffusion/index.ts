export * from './add-noise.ts';
export type { BetaCurve } from './beta-curves.ts';
export * from './blend-by-mask.ts';
export * from './classifier-free-guidance.ts';
export * from './compile-denoiser.ts';
export * from './decode-latents.ts';
export * from './denoiser.ts';
export * from './encode-images.ts';
export * from './held-model.ts';
export * from './noise-level.ts';
export * from './noise-of-pictures.ts';
export * from './noise-schedule.ts';
export * from './prediction-types.ts';
export * from './prompted-model.ts';
export * from './require-finite.ts';
export * from './root-mean-square.ts';
export type { AutoencoderOptions } from './run-by-picture.ts';
export * from './sample.ts';
export * from './samplers/index.ts';
export * from './samplers/sampler.ts';
export * from './scheduler-config.ts';
export type { SchedulerConfig } from './scheduler-config-values.ts';
export * from './text-to-image.ts';
export {
  type SpacingOptions,
  spacedTimesteps,
  type TimestepSpacing,
  timestepSpacings,
} from './timestep-spacing.ts';
export * from './weighted-sum.ts';
