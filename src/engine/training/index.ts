export { forwardEvents } from './forward-events.ts';
export * from './minimize.ts';
export type { Minimizer, StepReport, TrainingState } from './minimizer.ts';
export { createMinimizer } from './minimizer.ts';
export * from './muon.ts';
export * from './optimizers.ts';
export type { Problem, Tensors } from './problem.ts';
export { resultOf } from './result-of.ts';
export { constantRate, cosineDecay, linearWarmup, type Schedule, warmupStableDecay } from './schedules.ts';
