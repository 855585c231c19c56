import type { Problem, Source, TensorSpec, Tree } from '../../../engine/index.ts';
import type { Learned } from '../model-trees.ts';
import type { TrainingSettings } from './training-settings.ts';

type Rates = Pick<TrainingSettings, 'learningRate' | 'tokenLearningRate' | 'textEncoderLearningRate'>;
type ProblemRates = Pick<Problem<Tree<Source>, Tree<TensorSpec>>, 'learningRate' | 'branchRates'>;

/** @throws a sentence, begun by `where`, about the first rate or decay that is below 0 or not finite */
export function checkRates(rates: Rates & Pick<TrainingSettings, 'weightDecay'>, where: string): void {
  const { learningRate, tokenLearningRate, textEncoderLearningRate, weightDecay } = rates;
  const checked = { learningRate, tokenLearningRate, textEncoderLearningRate, weightDecay };
  for (const [name, value] of Object.entries(checked)) {
    if (Number.isFinite(value) && value >= 0) continue;
    throw new Error(`${where}${name} is a finite number ≥ 0, got ${value}`);
  }
}

/** @param schedule of a branch by its rate */
export function ratesOf(
  variables: Learned<Source>,
  { learningRate, tokenLearningRate, textEncoderLearningRate }: Rates,
  schedule: (rate: number) => ProblemRates['learningRate'],
): ProblemRates {
  // Where nothing but words is learned, theirs is the rate.
  if (variables.unet === undefined && variables.textEncoder === undefined) {
    return { learningRate: schedule(tokenLearningRate) };
  }
  return {
    learningRate: schedule(learningRate),
    branchRates: {
      ...(variables.tokens && { tokens: schedule(tokenLearningRate) }),
      ...(variables.textEncoder && { textEncoder: schedule(textEncoderLearningRate) }),
    },
  };
}
