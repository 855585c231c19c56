import { expect, test } from 'vitest';
import { constantRate, cosineDecay, linearWarmup } from '../../../src/engine/index.ts';

test.each([
  ['constant', constantRate(0.1), [0.1, 0.1, 0.1, 0.1, 0.1, 0.1]],
  ['a warm-up', linearWarmup(4, constantRate(1)), [0.25, 0.5, 0.75, 1, 1, 1]],
  ['half a cosine', cosineDecay(1, 5), [1, 0.853553, 0.5, 0.146447, 0, 0]],
  ['half a cosine to a floor', cosineDecay(1, 3, 0.5), [1, 0.75, 0.5, 0.5, 0.5, 0.5]],
  ['a warm-up into a cosine', linearWarmup(2, cosineDecay(1, 5)), [0.5, 0.853553, 0.5, 0.146447, 0, 0]],
] as const)('%s gives the rates of its formula', (_, schedule, expected) => {
  expect(expected.map((_, step) => schedule(step))).toEqual(expected.map((rate) => expect.closeTo(rate, 5)));
});

test.each([
  [() => constantRate(-1), 'constantRate: a learning rate is a finite number ≥ 0, got -1'],
  [() => cosineDecay(Number.NaN, 3), 'cosineDecay: a learning rate is a finite number ≥ 0, got NaN'],
  [() => linearWarmup(0, constantRate(1)), 'linearWarmup: the number of steps is a whole number ≥ 1, got 0'],
])('a schedule that makes no sense is refused', (make, message) => {
  expect(make).toThrow(message);
});
