export {
  type EdsdEstimate,
  type EdsdPoint,
  type EdsdSettings,
  estimateEdsd,
  type Jacobian,
  type SurrogateTerm,
} from './edsd.ts';
export {
  type LookingEvent,
  type PlaceComparison,
  transferAppearance,
} from './guided-images/appearance-transfer.ts';
export { type DrawingEvent, drawConcept } from './guided-images/concept-drawings.ts';
export type { EnergyGuidance } from './guided-images/energy-guidance.ts';
export type { FeatureInjection } from './guided-images/feature-injection.ts';
export * from './guided-images/guided-image-settings.ts';
export {
  type GuidedImage,
  type GuidedImageEvent,
  type GuidedImagesOptions,
  guidedImages,
  type SteeringPrompts,
} from './guided-images/guided-images.ts';
export type { LayerChoice, SelfAttentionFeatures } from './guided-images/self-attention-features.ts';
export type { SourceNoise } from './guided-images/source-trajectory.ts';
export type { LossRegion } from './loss-region.ts';
export { type GuidedExamples, type ModeShiftingSettings, modeShiftingSource } from './mode-shifting.ts';
export type { SteeringEvent, SteeringStep } from './optimize-steered.ts';
export { type SteerEvent, type Steered, type SteerOptions, steer } from './steer.ts';
export {
  type LearnedPart,
  learnedInMemory,
  type SteeredConcept,
  type SteeredLayers,
  type SteeredSubset,
} from './steered-parameters.ts';
export {
  defaultSteering,
  loraBeside,
  type SteeringOptimization,
  type SteeringSettings,
  steeringEverywhere,
} from './steering-settings.ts';
export { unetCallsOfSteering } from './unet-calls.ts';
