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
export type { AttentionLayer, UnetPart } from './mask/attention-layers.ts';
export { listAttentionLayers } from './mask/attention-layers.ts';
export { type AttentionChoice, chooseAttention } from './mask/choose-attention.ts';
export { type Plane, type PlaneFilter, resizePlane } from './mask/resize-plane.ts';
export { type EdgeOptions, softenRegion } from './mask/soften-region.ts';
export {
  type AttentionEvent,
  type SubjectMapOptions,
  type SubjectMapSettings,
  subjectMap,
} from './mask/subject-map.ts';
export { type SubjectRegion, subjectRegion } from './mask/subject-region.ts';
export {
  findSubjectWord,
  type SubjectPrompts,
  type SubjectWord,
  subjectFromWords,
} from './mask/subject-word.ts';
