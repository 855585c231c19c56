import { describe, expect, test } from 'vitest';
import { normal, randomKey } from '../../../src/engine/index.ts';
import { frechetDistance } from '../../../src/methods/evaluation/index.ts';

/** Two points an axis, on both sides of the mean: exactly this mean, and exactly these variances. */
const cross = (mean: readonly number[], variances: readonly number[]): number[][] =>
  variances.flatMap((variance, axis) => {
    const count = 2 * variances.length;
    const reach = Math.sqrt((variance * (count - 1)) / 2);
    return [1, -1].map((side) => mean.map((value, i) => (i === axis ? value + side * reach : value)));
  });

const samples = (seed: number, count: number, deviations: readonly number[], shift = 0): number[][] => {
  const { data } = normal(randomKey(seed), [count, deviations.length]);
  return Array.from({ length: count }, (_, i) =>
    deviations.map((deviation, j) => shift + deviation * data[i * deviations.length + j]!),
  );
};

describe('frechetDistance', () => {
  test.each([
    ['equal sets: 0', [0, 0], [1, 4], [0, 0], [1, 4], 0],
    ['a shift: its square', [0, 0], [1, 4], [3, 4], [1, 4], 25],
    ['variances: Σ (σa − σb)²', [0, 0], [1, 4], [0, 0], [9, 16], 4 + 4],
    ['both', [1, 1, 1], [1, 0, 4], [2, 1, 1], [4, 9, 4], 1 + 1 + 9],
  ])('%s', (_, meanA, variancesA, meanB, variancesB, expected) => {
    expect(frechetDistance(cross(meanA, variancesA), cross(meanB, variancesB))).toBeCloseTo(expected, 8);
  });

  test('covariances that do not commute: the root of the product is that of the matrices', () => {
    // Σa = diag(1, 4), Σb = [[2, 1], [1, 2]]: tr (Σa Σb)^½ = √(tr + 2 √det) = √(10 + 2 √12)
    const turned = cross([0, 0], [3, 1]).map(([x, y]) => [(x! - y!) / Math.SQRT2, (x! + y!) / Math.SQRT2]);
    const expected = 5 + 4 - 2 * Math.sqrt(10 + 2 * Math.sqrt(12));
    expect(frechetDistance(cross([0, 0], [1, 4]), turned)).toBeCloseTo(expected, 8);
    expect(frechetDistance(turned, cross([0, 0], [1, 4]))).toBeCloseTo(expected, 8);
  });

  test('samples of Gaussians come close to the known distance', () => {
    const a = samples(1, 4000, [1, 2, 0.5]);
    const b = samples(2, 4000, [1, 1, 0.5], 1);
    expect(frechetDistance(a, b)).toBeGreaterThan(4 * 0.9);
    expect(frechetDistance(a, b)).toBeLessThan(4 * 1.1);
    expect(frechetDistance(a, samples(3, 4000, [1, 2, 0.5]))).toBeLessThan(0.02);
  });

  test('fewer vectors than dimensions give a finite distance', () => {
    const few = samples(4, 3, new Array(10).fill(1));
    expect(frechetDistance(few, few)).toBeCloseTo(0, 6);
    expect(frechetDistance(few, samples(5, 3, new Array(10).fill(1)))).toBeGreaterThan(1);
  });

  test.each([
    [[], [[1]], 'each set needs at least two vectors, got 0'],
    [[[1], [2]], [[1]], 'each set needs at least two vectors, got 1'],
    [
      [
        [1, 2],
        [2, 3],
      ],
      [[1], [2]],
      'vectors have one length, at least 1; got 2 and 1',
    ],
  ])('refuses %j and %j', (a, b, message) => {
    expect(() => frechetDistance(a, b)).toThrow(message);
  });
});
