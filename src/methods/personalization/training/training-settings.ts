import type { SquareCrop } from '../../../files/images/index.ts';
import type { Augmentation } from './augmentation.ts';
import { checkRates } from './learning-rates.ts';
import type { Wordings } from './prompts.ts';

/** How a concept is trained; every number of it is in the concept's card. */
export interface TrainingSettings {
  /** Whole, 1 and more. */
  readonly steps: number;
  /** Of the UNet, or of what of it is learned; this and the other rates are 0 and more. */
  readonly learningRate: number;
  /** Of the words' vectors. */
  readonly tokenLearningRate: number;
  readonly textEncoderLearningRate: number;
  /** Steps over which all rates rise linearly, 0 and more. */
  readonly warmupSteps: number;
  /** 0 and more. */
  readonly weightDecay: number;
  /** Of the norm of all gradients together, above 0. */
  readonly clipNorm: number;
  /** Reference pictures a batch, 1 and more. */
  readonly batchSize: number;
  /** Batches a step, whose gradients are averaged, 1 and more. */
  readonly batchesPerStep: number;
  readonly prior: PriorPreservation;
  readonly augmentation: Augmentation;
  readonly wordings: Wordings;
  readonly crop: SquareCrop;
  /** Decay of a moving average of what is learned, in [0, 1), which then is the result. `none`: the last values are. */
  readonly averageDecay: number | 'none';
  readonly compute: 'float32' | 'float16';
  /** `recompute` takes less memory and about a third more time. */
  readonly activations: 'keep' | 'recompute';
}

/** Prior preservation (Ruiz et al. 2022, section 3.3): pictures of the class keep their prediction. */
export type PriorPreservation =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'preserve';
      /** Class pictures, 1 and more; those that are not given are generated. */
      readonly pictures: number;
      /** λ, above 0 */
      readonly weight: number;
      /** Class pictures a batch, beside the reference pictures, 1 and more. */
      readonly batchSize: number;
    };

/** @throws a sentence about the first setting out of its range */
export function checkTraining(training: TrainingSettings): void {
  const { steps, batchSize, batchesPerStep, warmupSteps, clipNorm, averageDecay, prior } = training;
  const whole = (name: string, value: number, least: number) => {
    if (Number.isSafeInteger(value) && value >= least) return;
    throw new Error(`personalize: ${name} is a whole number ≥ ${least}, got ${value}`);
  };
  whole('steps', steps, 1);
  whole('batchSize', batchSize, 1);
  whole('batchesPerStep', batchesPerStep, 1);
  whole('warmupSteps', warmupSteps, 0);
  checkRates(training, 'personalize: ');
  if (!(clipNorm > 0)) throw new Error(`personalize: clipNorm is above 0, got ${clipNorm}`);
  if (averageDecay !== 'none' && !(averageDecay >= 0 && averageDecay < 1)) {
    throw new Error(`personalize: averageDecay lies in [0, 1), got ${averageDecay}`);
  }
  if (prior.kind === 'none') return;
  whole('prior.pictures', prior.pictures, 1);
  whole('prior.batchSize', prior.batchSize, 1);
  if (!(Number.isFinite(prior.weight) && prior.weight > 0)) {
    throw new Error(`personalize: prior.weight is a number above 0, got ${prior.weight}`);
  }
}
