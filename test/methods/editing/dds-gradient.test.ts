import { describe, expect, it } from 'vitest';
import { full, normal, randomKey } from '../../../src/engine/arrays/index.ts';
import {
  type Latents,
  levelAt,
  noiseSchedule,
  stableDiffusionSchedule,
  timestep,
} from '../../../src/methods/diffusion/index.ts';
import { type BranchPredictor, type DdsPoint, ddsGradient } from '../../../src/methods/editing/index.ts';
import { deviation, gaussianBranches } from './gaussian-branches.ts';

const shape = [1, 4, 3, 5];
const source = normal(randomKey(1), shape);
const target = normal(randomKey(2), shape);
const noise = normal(randomKey(3), shape);
const schedule = noiseSchedule();
const point: DdsPoint = {
  schedule,
  timestep: timestep(400),
  noise,
  guidanceScale: { target: 1, source: 1 },
  weighting: 'constant',
};

/** w(t) σ α [(z − ẑ) − (μ − μ̂)] / (α² s² + σ²): the noise cancels, and so does guidance's common part. */
function closedForm(weight: number, time: number, meanDifference: number): Latents {
  const { alpha: α, sigma: σ } = levelAt(schedule, time);
  const gain = (weight * σ * α) / (α ** 2 * deviation ** 2 + σ ** 2);
  const data = target.data.map((z, i) => gain * (z - source.data[i]! - meanDifference));
  return { ...target, data };
}

const largestDifference = (a: Latents, b: Latents) =>
  a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);

describe('the gradient of the delta denoising score', () => {
  it.each(['epsilon', 'v_prediction', 'sample'] as const)(
    'is the closed form for normal data under %s',
    async (predictionType) => {
      const typed = noiseSchedule({ ...stableDiffusionSchedule, predictionType });
      const predict = gaussianBranches(typed, { target: 2, source: -1 });
      const { gradient } = await ddsGradient(predict, { target, source }, { ...point, schedule: typed });
      expect(largestDifference(gradient, closedForm(1, 400, 3))).toBeLessThan(2e-6);
    },
  );

  it.each([
    ['constant', 700, 1],
    ['noise-to-signal', 700, levelAt(schedule, 700).sigma / levelAt(schedule, 700).alpha],
    ['variance', 700, levelAt(schedule, 700).sigma ** 2],
  ] as const)('is weighted by w(t): %s', async (weighting, time, weight) => {
    const predict = gaussianBranches(schedule, { target: 1, source: 0 });
    const { gradient } = await ddsGradient(
      predict,
      { target, source },
      { ...point, timestep: timestep(time), weighting },
    );
    expect(largestDifference(gradient, closedForm(weight, time, 1))).toBeLessThan(2e-6 * Math.max(1, weight));
  });

  it('has guidance in each branch: it multiplies the distance from the unconditional mean', async () => {
    const predict = gaussianBranches(schedule, { target: 2, source: -1, unconditional: 0.5 });
    const guidanceScale = { target: 3, source: 2 };
    const { gradient } = await ddsGradient(predict, { target, source }, { ...point, guidanceScale });
    const means = { target: 0.5 + 3 * (2 - 0.5), source: 0.5 + 2 * (-1 - 0.5) };
    const expected = closedForm(1, 400, means.target - means.source);
    expect(largestDifference(gradient, expected)).toBeLessThan(1e-5);
  });

  it('tells what each branch predicted', async () => {
    const predict = gaussianBranches(schedule, { target: 2, source: 2 });
    const { predictions } = await ddsGradient(predict, { target, source: target }, point);
    expect(predictions.target).toEqual(predictions.source);
    const { alpha: α, sigma: σ } = levelAt(schedule, 400);
    const noisy = predictions.target.clean.data.map(
      (x, i) => α * x + σ * predictions.target.epsilon.data[i]!,
    );
    const sent = target.data.map((z, i) => α * z + σ * noise.data[i]!);
    expect(largestDifference({ ...target, data: noisy }, { ...target, data: sent })).toBeLessThan(1e-5);
  });

  const answering = (value: number): BranchPredictor => {
    const answer = { conditional: full(shape, value) };
    return async () => ({ target: { conditional: full(shape, 0) }, source: answer });
  };

  it.each<[string, BranchPredictor, Partial<DdsPoint>, string]>([
    [
      'a prediction that is not finite',
      answering(Number.NaN),
      {},
      'ddsGradient at timestep 400: the source branch predicts 60 of 60 values that are not finite',
    ],
    [
      'guidance without an unconditional prediction',
      answering(0),
      { guidanceScale: { target: 1, source: 7.5 } },
      'a guidance scale of 7.5 needs the unconditional prediction, which the source branch lacks',
    ],
    [
      'a weight without limit',
      answering(0),
      {
        schedule: noiseSchedule({ ...stableDiffusionSchedule, terminalSnr: 'zero' }),
        timestep: timestep(999),
        weighting: 'noise-to-signal',
      },
      '"noise-to-signal" is Infinity at timestep 999; take a range of timesteps that ends earlier',
    ],
  ])('refuses %s with a sentence', async (_, predict, change, message) => {
    await expect(ddsGradient(predict, { target, source }, { ...point, ...change })).rejects.toThrow(message);
  });
});
