import type { Problem, Source, TensorSpec, Tree } from '../../engine/index.ts';
import type { Learned } from './model-trees.ts';
import type { TrainingSettings } from './training-settings.ts';

type Rates = Pick<TrainingSettings, 'learningRate' | 'tokenLearningRate' | 'textEncoderLearningRate'>;
type ProblemRates = Pick<Problem<Tree<Source>, Tree<TensorSpec>>, 'learningRate' | 'branchRates'>;

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
