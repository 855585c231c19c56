import { fold, integers, permutation, type RandomKey, uniform } from '../../../engine/arrays/index.ts';
import { type Timestep, timestep } from '../../diffusion/index.ts';

/**
 * Which timestep a step of the edit takes from its range. `uniform`: each drawn on its own, as in DDS. `stratified`:
 * the range is cut into as many parts as there are steps, and each part is drawn from once, in random order.
 * `descending`: evenly spaced from the noisiest to the cleanest; layout is decided before texture.
 */
export type TimestepSampling = 'uniform' | 'stratified' | 'descending';

/** Whole timesteps, both included. */
export interface TimestepRange {
  readonly from: number;
  readonly to: number;
}

/** Of `count` steps, the timestep of `step`, counted from 0. It depends on nothing else: resuming repeats it. */
export const drawTimestep = (sampling: TimestepSampling, draw: TimestepDraw): Timestep =>
  timestep(samplings[sampling](draw));

export interface TimestepDraw {
  readonly range: TimestepRange;
  readonly key: RandomKey;
  readonly step: number;
  readonly count: number;
}

/** 50 … 948 of 1,000, which is what DDS' own code draws from. */
export const defaultTimestepRange = (trainTimesteps: number): TimestepRange => ({
  from: Math.round(0.05 * (trainTimesteps - 1)),
  to: Math.round(0.949 * (trainTimesteps - 1)),
});

const samplings: { readonly [S in TimestepSampling]: (draw: TimestepDraw) => number } = {
  uniform: ({ range: { from, to }, key, step }) => integers(stepKey(key, step), [1], from, to + 1).data[0]!,
  stratified: ({ range: { from, to }, key, step, count }) => {
    const part = permutation(fold(key, 'parts of the range'), count)[step]!;
    const within = uniform(stepKey(key, step), [1]).data[0]!;
    return from + Math.floor(((part + within) / count) * (to - from + 1));
  },
  descending: ({ range: { from, to }, step, count }) =>
    to - Math.round((step * (to - from)) / Math.max(1, count - 1)),
};

const stepKey = (key: RandomKey, step: number) => fold(fold(key, 'timestep'), step);
