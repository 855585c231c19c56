import {
  type MuonOptions,
  muon,
  type NdArray,
  type RandomKey,
  type TrainingState,
  type Tree,
  warmupStableDecay,
} from '../../engine/index.ts';

/** Of Muon, which updates matrices, and of AdamW within it, which updates all else. */
type OptimizerSettings = Required<Omit<MuonOptions, 'isMatrix'>>;

/** What all trainings have in common. */
export interface StepRecipe extends OptimizerSettings {
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

/** Muon with its usual settings. */
export const usualMuon: OptimizerSettings = {
  momentum: 0.95,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
};

/** One run of a training. */
export interface PretrainingRun {
  /** The same key makes the same network. */
  readonly key: RandomKey;
  readonly resumeFrom?: TrainingState;
}

/** One run of a training that can begin from random parameters. */
export interface FreshRun extends PretrainingRun {
  /** Parameters to begin with; by default they are random. */
  readonly start?: Tree<NdArray>;
}

/** How `minimize` is to change the variables. */
export const updateSettings = (recipe: StepRecipe) => ({
  learningRate: warmupStableDecay(recipe.learningRate, recipe),
  optimizer: muon(recipe),
  clipNorm: recipe.clipNorm,
  averageDecay: recipe.averageDecay,
});

/** How long `minimize` is to go on, and from where. */
export const runSettings = ({ steps }: StepRecipe, { resumeFrom }: PretrainingRun) => ({
  steps,
  ...(resumeFrom && { resumeFrom }),
});
