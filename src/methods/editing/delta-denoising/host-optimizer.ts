import {
  evaluate,
  input,
  type NdArray,
  ndArray,
  type Optimizer,
  type Shape,
  scalar,
  spec,
  type Tensor,
  toNumbers,
  zeros,
} from '../../../engine/index.ts';
import type { Latents } from '../../diffusion/index.ts';

export type Moments = Readonly<Record<string, Latents>>;

export interface OptimizerStep {
  readonly variable: Latents;
  readonly gradient: Latents;
  readonly moments: Moments;
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
}

/** An optimizer that computes here instead of on a device: latents are a few thousand numbers. */
export interface HostOptimizer {
  readonly initialMoments: Moments;
  advance(step: OptimizerStep): { readonly variable: Latents; readonly moments: Moments };
}

/** The same update that training runs on the device, evaluated in float64 and rounded once to float32. */
export function hostOptimizer(optimizer: Optimizer, shape: Shape): HostOptimizer {
  const named = (names: readonly string[], axes: Shape) =>
    Object.fromEntries(names.map((name) => [name, input(name, spec(axes))]));
  const variable = input('variable', spec(shape));
  const gradient = input('gradient', spec(shape));
  const moments = named(optimizer.moments, shape);
  const scalars = named(optimizer.scalars, []);
  const next = optimizer.update(variable, gradient, moments, scalars, 'elements');
  return {
    initialMoments: Object.fromEntries(optimizer.moments.map((name) => [name, zeros(shape)])),
    advance(step) {
      const values = optimizer.scalarsAt(step.step, step.learningRate);
      const feeds = new Map<Tensor, NdArray>([
        [variable, step.variable],
        [gradient, step.gradient],
        ...optimizer.moments.map((name) => [moments[name]!, step.moments[name]!] as const),
        ...optimizer.scalars.map((name) => [scalars[name]!, scalar(values[name]!)] as const),
      ]);
      const [moved, ...kept] = evaluate(
        [next.variable, ...optimizer.moments.map((name) => next.moments[name]!)],
        feeds,
      ).map(rounded);
      return {
        variable: moved!,
        moments: Object.fromEntries(optimizer.moments.map((name, index) => [name, kept[index]!])),
      };
    },
  };
}

const rounded = (array: NdArray): Latents =>
  ndArray('float32', array.shape, Float32Array.from(toNumbers(array)));
