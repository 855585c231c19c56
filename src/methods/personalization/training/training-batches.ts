import {
  fold,
  integers,
  joinArrays,
  type NdArray,
  ndArray,
  normal,
  permutation,
  type RandomKey,
  type Shape,
} from '../../../engine/index.ts';
import { addNoise, type NoiseSchedule, timestep, trainingTarget } from '../../diffusion/index.ts';
import type { Example, Examples } from './encode-examples.ts';

/** Where a part of each batch comes from, and how much it counts. */
export interface ExampleSource {
  readonly examples: Examples;
  /** Items of it in a batch. */
  readonly count: number;
  /** Weight of the mean of its losses: 1 for the references, λ for the class pictures. */
  readonly weight: number;
  readonly key: RandomKey;
}

export interface TrainingBatch {
  /** Noised latents, [batch, channels, height, width]. */
  readonly sample: NdArray;
  /** What the model should answer. */
  readonly target: NdArray;
  /** What the squared error of each element is multiplied by, [batch, 1, height, width]. */
  readonly weight: NdArray;
  readonly timestep: NdArray;
  readonly prompts: readonly string[];
}

export interface BatchOptions {
  readonly schedule: NoiseSchedule;
  readonly scalingFactor: number;
}

/**
 * The batch of a number, counted over all batches of a run. It depends on the number alone, so that a resumed run
 * repeats what an uninterrupted one does: every picture is shown once before one is shown again.
 */
export function drawBatch(
  sources: readonly ExampleSource[],
  number: number,
  { schedule, scalingFactor }: BatchOptions,
): TrainingBatch {
  const items = sources.flatMap((source) =>
    Array.from({ length: source.count }, (_, i) => drawItem(source, number * source.count + i, schedule)),
  );
  const [, ...shape] = items[0]!.example.mean.shape;
  const clean = stacked(
    items.map(({ example, jitter }) => latentsOf(example, jitter, scalingFactor)),
    shape,
  );
  const noise = stacked(
    items.map((item) => item.noise),
    shape,
  );
  const timesteps = items.map((item) => timestep(item.timestep));
  const batch = { clean, noise, timesteps };
  return {
    sample: addNoise(schedule, batch),
    target: trainingTarget(schedule, batch),
    weight: stacked(
      items.map(({ example, weight }) => elementWeights(example, weight)),
      [1, ...shape.slice(1)],
    ),
    timestep: ndArray('float32', [items.length], Float32Array.from(timesteps)),
    prompts: items.map(({ prompt }) => prompt),
  };
}

interface Item {
  readonly example: Example;
  readonly prompt: string;
  readonly timestep: number;
  readonly noise: Float32Array;
  /** Draws the latents from the example's distribution. */
  readonly jitter: Float32Array;
  readonly weight: number;
}

function drawItem(
  { examples, count, weight, key }: ExampleSource,
  number: number,
  schedule: NoiseSchedule,
): Item {
  const round = Math.floor(number / examples.length);
  const order = permutation(fold(fold(key, 'order'), round), examples.length);
  const views = examples[order[number % examples.length]!]!;
  const own = fold(fold(key, 'item'), number);
  const draw = (label: string, choices: number) => integers(fold(own, label), [1], 0, choices).data[0]!;
  const example = views[draw('view', views.length)]!;
  return {
    example,
    prompt: example.prompts[draw('prompt', example.prompts.length)]!,
    timestep: draw('timestep', schedule.alphasCumprod.length),
    noise: normal(fold(own, 'noise'), example.mean.shape).data,
    jitter: normal(fold(own, 'latents'), example.mean.shape).data,
    weight: weight / count,
  };
}

/** (mean + e^(log variance / 2) · n) · scaling factor */
const latentsOf = (
  { mean, logVariance }: Example,
  jitter: Float32Array,
  scalingFactor: number,
): Float32Array =>
  mean.data.map((value, i) => (value + Math.exp(logVariance.data[i]! / 2) * jitter[i]!) * scalingFactor);

/** The mean over valid elements, as weights of a sum. */
function elementWeights({ valid, mean }: Example, weight: number): Float32Array {
  const cells = valid.reduce((sum, each) => sum + each, 0);
  return valid.map((each) => (each * weight) / (cells * mean.shape[1]!));
}

/** Items, each of the shape. */
const stacked = (items: readonly Float32Array[], shape: Shape): NdArray<'float32'> =>
  joinArrays(items.map((data) => ndArray('float32', [1, ...shape], data)));
