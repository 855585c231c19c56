import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromNested, normal, randomKey } from '../../../src/engine/arrays/index.ts';
import {
  addNoise,
  clampClean,
  convertPrediction,
  levelAt,
  levelOfAlphaCumprod,
  noiseSchedule,
  noiseTo,
  type PredictionType,
  readPrediction,
  stableDiffusionSchedule,
  timestep,
  trainingTarget,
  velocity,
  weightedSum,
} from '../../../src/methods/diffusion/index.ts';
import { distance } from './distance.ts';

const schedule = noiseSchedule();
const clean = normal(randomKey(1), [3, 4]);
const noise = normal(randomKey(2), [3, 4]);
const types: readonly PredictionType[] = ['epsilon', 'v_prediction', 'sample'];

describe('prediction types', () => {
  test.each(types)('a true %s target gives back the clean latents and the noise', (predictionType) => {
    const trained = noiseSchedule({ ...stableDiffusionSchedule, predictionType });
    const t = timestep(300);
    const batch = { clean, noise, timesteps: [t, t, t] };
    const target = trainingTarget(trained, batch);
    const read = readPrediction(predictionType, target, addNoise(trained, batch), levelAt(trained, t));
    expect(distance(read.clean, clean)).toBeLessThan(1e-5);
    expect(distance(read.epsilon, noise)).toBeLessThan(1e-5);
  });

  test('converting there and back changes nothing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.constantFrom(...types),
        fc.integer({ min: 50, max: 950 }),
        (from, to, t) => {
          const level = levelAt(schedule, t);
          const latents = noiseTo(level, clean, noise);
          const there = convertPrediction(noise, { from, to }, latents, level);
          const back = convertPrediction(there, { from: to, to: from }, latents, level);
          expect(distance(back, noise)).toBeLessThan(1e-4);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('each item of a batch is noised to its own timestep', () => {
    const timesteps = [timestep(0), timestep(500), timestep(999)];
    const batched = addNoise(schedule, { clean, noise, timesteps });
    timesteps.forEach((t, item) => {
      const alone = noiseTo(levelAt(schedule, t), clean, noise);
      expect(batched.data.slice(4 * item, 4 * item + 4)).toEqual(alone.data.slice(4 * item, 4 * item + 4));
    });
  });

  test('v is nearly ε at timestep 0 and nearly −x₀ at the last', () => {
    const first = velocity(schedule, { clean, noise, timesteps: [0, 0, 0].map(timestep) });
    expect(distance(first, noise)).toBeLessThan(0.1);
    const last = velocity(schedule, { clean, noise, timesteps: [999, 999, 999].map(timestep) });
    expect(distance(last, weightedSum([-1, clean]))).toBeLessThan(0.25);
  });

  test('clamping limits to ± the range, and an infinite one leaves latents alone', () => {
    const latents = fromNested([-3, 0.5, 2]);
    expect(Array.from(clampClean(latents, 1).data)).toEqual([-1, 0.5, 1]);
    expect(clampClean(latents, Number.POSITIVE_INFINITY)).toBe(latents);
  });

  test.each<[string, () => unknown, string]>([
    [
      'ε at zero signal',
      () => readPrediction('epsilon', noise, noise, levelOfAlphaCumprod(timestep(999), 0)),
      'timestep 999 has no signal, so an epsilon prediction does not determine the clean latents there',
    ],
    [
      'x₀ at zero noise',
      () => readPrediction('sample', noise, noise, levelOfAlphaCumprod(timestep(0), 1)),
      'timestep 0 has no noise, so a sample prediction does not determine the noise there',
    ],
    [
      'a timestep missing for an item',
      () => addNoise(schedule, { clean, noise, timesteps: [timestep(1)] }),
      'addNoise: expected noise shaped like the clean latents [3, 4] and a timestep for each of the 3 items, got [3, 4] and 1',
    ],
    [
      'a negative timestep',
      () => velocity(schedule, { clean, noise, timesteps: [-1, 0, 0].map(timestep) }),
      'velocity: expected timesteps from 0 to 999, got -1',
    ],
  ])('refuses %s with a sentence', (_, act, message) => {
    expect(act).toThrow(message);
  });
});
