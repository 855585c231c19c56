export * from './delta-denoising/branches.ts';
export {
  type Branch,
  type CompileBranchesOptions,
  type CompiledBranches,
  compileBranches,
} from './delta-denoising/compile-branches.ts';
export { type DdsGradient, type DdsPoint, ddsGradient } from './delta-denoising/dds-gradient.ts';
export {
  type EditEvent,
  type EditLatentsOptions,
  type EditState,
  editLatents,
} from './delta-denoising/edit-latents.ts';
export { type EditSettings, originalStepSize } from './delta-denoising/edit-settings.ts';
export type { TimestepRange, TimestepSampling } from './delta-denoising/timestep-sampling.ts';
export type { TimestepWeighting } from './delta-denoising/timestep-weighting.ts';
