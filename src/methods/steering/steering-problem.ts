import {
  adamW,
  add,
  constantRate,
  multiply,
  type NdArray,
  ndArray,
  type Problem,
  type Shape,
  type Source,
  type State,
  spec,
  stopGradient,
  subtract,
  sum,
  type Tensor,
  type TensorSpec,
  type Tree,
} from '../../engine/index.ts';
import type { Learned, ModelConfigs, PromptFeeds } from '../personalization/index.ts';
import { predict, ratesOf } from '../personalization/index.ts';
import type { SteeredParameters } from './steered-parameters.ts';
import type { SteeringRows } from './steering-rows.ts';
import { passesPerStep, rowsPerStep, type SteeringSettings } from './steering-settings.ts';

export interface SteeringProblemOptions {
  readonly steered: SteeredParameters;
  readonly configs: ModelConfigs;
  /** From `frozenParts`. */
  readonly frozen: State;
  readonly feeds: PromptFeeds;
  readonly settings: SteeringSettings;
  /** Of latents, [1, channels, height, width]. */
  readonly shape: Shape;
}

/** What the programs of steering read and never change: φ, and what the concept learned and keeps. */
export interface FrozenParts<Leaf> {
  readonly unet: Tree<Leaf>;
  readonly textEncoder: Tree<Leaf>;
  readonly kept: Learned<Leaf>;
}

/**
 * Both losses of steering as one function of the variables, through one call of the network:
 *
 *     Σ direction · (f_θ − stopgrad f_θ)  +  Σ weight · (f_θ − target)²
 *
 * The first sum has EDSD's gradient and the value 0, so that what is reported as the loss is that of mode shifting.
 */
export function steeringProblem({
  steered,
  configs,
  frozen,
  feeds,
  settings,
  shape: [, ...item],
}: SteeringProblemOptions): Problem<Tree<Source>, Tree<TensorSpec>> {
  const { optimization } = settings;
  const passes = passesPerStep(settings);
  const perPass = rowsPerStep(settings) / passes;
  return {
    variables: steered.variables as Tree<Source>,
    frozen,
    batch: {
      sample: spec([perPass, ...item]),
      timestep: spec([perPass]),
      prompt: feeds.spec(perPass),
      direction: spec([perPass, ...item]),
      target: spec([perPass, ...item]),
      weight: spec([perPass, 1, ...item.slice(1)]),
    },
    loss: (variables, inputs, parts) => {
      const { sample, timestep, prompt, direction, target, weight } = inputs as unknown as Readonly<
        Record<string, Tensor>
      >;
      const { kept, ...base } = parts as unknown as FrozenParts<Tensor>;
      const networks = steered.apply(base, kept ?? {}, variables as unknown as Learned<Tensor>);
      const f = predict(networks, configs, {
        sample: sample!,
        timestep: timestep!,
        prompt: { kind: feeds.kind, tensor: prompt! },
        activations: optimization.activations,
      });
      const difference = subtract(f, target!);
      return add(
        sum(multiply(direction!, subtract(f, stopGradient(f)))),
        sum(multiply(multiply(difference, difference), weight!)),
      );
    },
    optimizer: adamW({ weightDecay: optimization.weightDecay }),
    ...ratesOf(steered.variables, optimization, constantRate),
    ...(optimization.clipNorm !== 'none' && { clipNorm: optimization.clipNorm }),
    batchesPerStep: passes,
    compute: optimization.compute,
  };
}

/** The rows of one pass. Gradients of passes are averaged, so each counts as many times as there are. */
export function rowsOfPass(
  rows: SteeringRows,
  feeds: PromptFeeds,
  part: number,
  passes: number,
): Tree<NdArray> {
  const { prompts, sample, timestep, direction, target, weight } = rows;
  const perPass = prompts.length / passes;
  const [start, end] = [part * perPass, (part + 1) * perPass];
  const cut = ({ shape, data }: NdArray, factor = 1): NdArray => {
    const size = data.length / prompts.length;
    const own = (data as Float32Array).slice(start * size, end * size);
    return ndArray('float32', [perPass, ...shape.slice(1)], factor === 1 ? own : own.map((x) => factor * x));
  };
  return {
    sample: cut(sample),
    timestep: cut(timestep),
    prompt: feeds.of(prompts.slice(start, end)),
    direction: cut(direction, passes),
    target: cut(target),
    weight: cut(weight, passes),
  };
}
