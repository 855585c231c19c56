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
export {
  defaultTimestepRange,
  drawTimestep,
  type TimestepDraw,
  type TimestepRange,
  type TimestepSampling,
} from './delta-denoising/timestep-sampling.ts';
export { type TimestepWeighting, timestepWeight } from './delta-denoising/timestep-weighting.ts';
export type { AttentionLayer, UnetPart } from './mask/attention-layers.ts';
export { listAttentionLayers } from './mask/attention-layers.ts';
export { checkMask } from './mask/check-mask.ts';
export { type AttentionChoice, chooseAttention } from './mask/choose-attention.ts';
export { otsuThreshold } from './mask/otsu-threshold.ts';
export { type Plane, type PlaneFilter, resizePlane } from './mask/resize-plane.ts';
export { type EdgeOptions, softenRegion } from './mask/soften-region.ts';
export {
  type AttentionEvent,
  compileSubjectMap,
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
export { channelOf, composite, type Edited } from './picture/composite.ts';
export { cropPlane, modelInput, type Window } from './picture/crop-pixels.ts';
export {
  type EditedImage,
  type EditImageEvent,
  type EditImageOptions,
  type EditStage,
  type EditVariant,
  editImage,
  type PreviewEvent,
} from './picture/edit-image.ts';
export { type MaskEdge, maskOfPicture } from './picture/edit-mask.ts';
export type { EditModels } from './picture/edit-models.ts';
export type { CropOptions, EditPlan, FoundSubject, LookEvent, MaskOptions } from './picture/plan-edit.ts';
export type { Raster, Samples } from './picture/raster.ts';
export {
  type Box,
  type ChooseCropOptions,
  chooseCrop,
  type SquareCrop,
  wholeCrop,
} from './picture/square-crop.ts';
