export * from './apply-concept.ts';
export type { Augmentation } from './augmentation.ts';
export { type DriftOptions, type DriftProbe, probeDrift } from './class-drift.ts';
export type { ClassPictureEvent, GenerationSettings } from './class-pictures.ts';
export { type CardOptions, conceptCard } from './concept-card-of.ts';
export { asSource, conceptOfLearned } from './concept-of-learned.ts';
export { type DiffusionProblemOptions, diffusionProblem } from './diffusion-problem.ts';
export {
  type EncodedEvent,
  type EncodingOptions,
  type Example,
  type Examples,
  encodeExamples,
} from './encode-examples.ts';
export * from './express-learned.ts';
export { type Every, isDue } from './is-due.ts';
export { type LearnedConcept, learnedOfConcept, ownTokenizer } from './learned-of-concept.ts';
export { checkRates, ratesOf } from './learning-rates.ts';
export * from './model-trees.ts';
export * from './personalization-defaults.ts';
export * from './personalization-method.ts';
export * from './personalize.ts';
export * from './personalize-options.ts';
export * from './personalized-model.ts';
export * from './personalized-prediction.ts';
export * from './prompt-feeds.ts';
export * from './prompts.ts';
export { floatSources, readFloats } from './read-floats.ts';
export type { SampleEvent, SampleRequest } from './sample-pictures.ts';
export * from './tokens.ts';
export { drawBatch, type ExampleSource, type TrainingBatch } from './training-batches.ts';
export type { PriorPreservation, TrainingSettings } from './training-settings.ts';
export { withWordsBeside } from './words-beside.ts';
