export * from './minimize.ts';
export type { Minimizer, Problem, StepReport, Tensors, TrainingState } from './minimizer.ts';
export { createMinimizer } from './minimizer.ts';
export * from './muon.ts';
export * from './optimizers.ts';
export { constantRate, cosineDecay, linearWarmup, type Schedule, warmupStableDecay } from './schedules.ts';
