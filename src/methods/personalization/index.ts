export * from './apply-concept.ts';
export { asSource, conceptOfLearned } from './concept-of-learned.ts';
export * from './express-learned.ts';
export * from './learned-of-concept.ts';
export * from './model-trees.ts';
export * from './personalization-method.ts';
export * from './personalized-model.ts';
export * from './personalized-prediction.ts';
export * from './tokens.ts';
