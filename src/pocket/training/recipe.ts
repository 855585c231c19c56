import {
  adamW,
  muon,
  type NdArray,
  type RandomKey,
  type TrainingState,
  type Tree,
  warmupStableDecay,
} from '../../engine/index.ts';

/** What all trainings have in common. */
export interface StepRecipe {
  readonly steps: number;
  readonly batchSize: number;
  /** How many scenes of the training set are seen. */
  readonly sceneCount: number;
  /** Rises over `warmup` steps and falls over the last `decay`. */
  readonly learningRate: number;
  readonly warmup: number;
  readonly decay: number;
  readonly optimizer: 'adamW' | 'muon';
  /** Of matrices under Muon. */
  readonly momentum: number;
  /** Of AdamW, which updates all else: `beta1`, `beta2`, `epsilon`. */
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Of both. */
  readonly weightDecay: number;
  /** Largest norm of a step's gradients. */
  readonly clipNorm: number;
  /** Of the exponential moving average of the parameters, which is what is kept. */
  readonly averageDecay: number;
}

/** The optimizer of a recipe, with its usual settings. */
export const usualMuon = {
  optimizer: 'muon',
  momentum: 0.95,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
} as const satisfies Partial<StepRecipe>;

/** One run of a training. */
export interface PretrainingRun {
  /** The same key makes the same network. */
  readonly key: RandomKey;
  /** Parameters to begin with; by default they are random. */
  readonly start?: Tree<NdArray>;
  readonly resumeFrom?: TrainingState;
}

/** How `minimize` is to change the variables. */
export const updateSettings = (recipe: StepRecipe) => ({
  learningRate: warmupStableDecay(recipe.learningRate, recipe),
  optimizer: { adamW, muon }[recipe.optimizer](recipe),
  clipNorm: recipe.clipNorm,
  averageDecay: recipe.averageDecay,
});

/** How long `minimize` is to go on, and from where. */
export const runSettings = ({ steps }: StepRecipe, { resumeFrom }: PretrainingRun) => ({
  steps,
  ...(resumeFrom && { resumeFrom }),
});
