import { type RandomKey, type Schedule, type TrainingState, warmupStableDecay } from '../../engine/index.ts';

/** What the three trainings have in common. */
export interface StepRecipe {
  readonly steps: number;
  readonly batchSize: number;
  /** How many scenes of the training set are seen. */
  readonly sceneCount: number;
  /** Rises over `warmup` steps and falls over the last `decay`. */
  readonly learningRate: number;
  readonly warmup: number;
  readonly decay: number;
  /** Largest norm of a step's gradients. */
  readonly clipNorm: number;
  /** Of the exponential moving average of the parameters, which is what is kept. */
  readonly averageDecay: number;
}

/** One run of a training. */
export interface PretrainingRun {
  /** The same key makes the same network. */
  readonly key: RandomKey;
  readonly resumeFrom?: TrainingState;
  readonly signal?: AbortSignal;
  readonly threads?: number;
}

export const scheduleOf = ({ learningRate, ...recipe }: StepRecipe): Schedule =>
  warmupStableDecay(learningRate, recipe);

/** What `minimize` is told of a run. */
export const goOn = ({ resumeFrom, signal }: PretrainingRun) => ({
  ...(resumeFrom && { resumeFrom }),
  ...(signal && { signal }),
});
