export * from './concepts/apply-concept.ts';
export { type CardOptions, conceptCard } from './concepts/concept-card-of.ts';
export { asSource, conceptOfLearned } from './concepts/concept-of-learned.ts';
export * from './concepts/express-learned.ts';
export { type LearnedConcept, learnedOfConcept, ownTokenizer } from './concepts/learned-of-concept.ts';
export * from './methods/personalization-method.ts';
export * from './model-trees.ts';
export * from './personalization-defaults.ts';
export * from './personalize.ts';
export * from './personalize-options.ts';
export * from './personalized-model.ts';
export * from './personalized-prediction.ts';
export { floatSources, readFloats } from './read-floats.ts';
export * from './tokens.ts';
export type { Augmentation } from './training/augmentation.ts';
export { type DriftOptions, type DriftProbe, probeDrift } from './training/class-drift.ts';
export type { ClassPictureEvent, GenerationSettings } from './training/class-pictures.ts';
export { type DiffusionProblemOptions, diffusionProblem } from './training/diffusion-problem.ts';
export {
  type EncodedEvent,
  type EncodingOptions,
  type Example,
  type Examples,
  encodeExamples,
} from './training/encode-examples.ts';
export { type Every, isDue } from './training/is-due.ts';
export { checkRates, ratesOf } from './training/learning-rates.ts';
export * from './training/prompt-feeds.ts';
export * from './training/prompts.ts';
export type { SampleEvent, SampleRequest } from './training/sample-pictures.ts';
export { drawBatch, type ExampleSource, type TrainingBatch } from './training/training-batches.ts';
export type { PriorPreservation, TrainingSettings } from './training/training-settings.ts';
export { withWordsBeside } from './training/words-beside.ts';
