import {
  adamW,
  constantRate,
  linearWarmup,
  multiply,
  type Problem,
  type Schedule,
  type Source,
  type State,
  spec,
  subtract,
  sum,
  type Tensor,
  type TensorSpec,
  type Tree,
} from '../../../engine/index.ts';
import type { Learned } from '../model-trees.ts';
import { type PersonalizedNetworks, predictPersonalized } from '../personalized-prediction.ts';
import { ratesOf } from './learning-rates.ts';
import type { PromptFeeds } from './prompt-feeds.ts';
import type { TrainingSettings } from './training-settings.ts';

export interface DiffusionProblemOptions {
  readonly networks: PersonalizedNetworks;
  readonly variables: Learned<Source>;
  /** From `frozenNetworks`. */
  readonly frozen: State;
  readonly feeds: PromptFeeds;
  readonly training: TrainingSettings;
  /** Of a batch, [batch, channels, height, width]. */
  readonly shape: readonly [number, number, number, number];
}

/**
 * Σ weight · (f_θ(sample, prompt, t) − target)²: with `drawBatch`'s weights the mean loss of the references, and λ
 * times that of the class pictures.
 */
export function diffusionProblem({
  networks,
  variables,
  frozen,
  feeds,
  training,
  shape,
}: DiffusionProblemOptions): Problem<Tree<Source>, Tree<TensorSpec>> {
  const [batch, , height, width] = shape;
  return {
    variables: variables as Tree<Source>,
    frozen,
    batch: {
      sample: spec(shape),
      target: spec(shape),
      weight: spec([batch, 1, height, width]),
      timestep: spec([batch]),
      prompt: feeds.spec(batch),
    },
    loss: (learned, inputs, base) => {
      const { sample, target, weight, timestep, prompt } = inputs as unknown as Readonly<
        Record<string, Tensor>
      >;
      const prediction = predictPersonalized(networks, base, learned as unknown as Learned<Tensor>, {
        sample: sample!,
        timestep: timestep!,
        prompt: { kind: feeds.kind, tensor: prompt! },
        activations: training.activations,
      });
      const difference = subtract(prediction, target!);
      return sum(multiply(multiply(difference, difference), weight!));
    },
    optimizer: adamW({ weightDecay: training.weightDecay }),
    ...ratesOf(variables, training, warmedUp(training.warmupSteps)),
    clipNorm: training.clipNorm,
    batchesPerStep: training.batchesPerStep,
    compute: training.compute,
    ...(training.averageDecay !== 'none' && { averageDecay: training.averageDecay }),
  };
}

const warmedUp =
  (steps: number) =>
  (rate: number): Schedule =>
    steps === 0 ? constantRate(rate) : linearWarmup(steps, constantRate(rate));
