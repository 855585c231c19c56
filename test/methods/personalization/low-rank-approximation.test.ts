import { describe, expect, test } from 'vitest';
import { normal, randomKey } from '../../../src/engine/index.ts';
import { approximateByRank } from '../../../src/methods/personalization/concepts/low-rank-approximation.ts';

/** Singular values 4, 2, 1 between orthonormal columns. */
function matrixOf(outputs: number, inputs: number): Float32Array {
  const values = new Float32Array(outputs * inputs);
  const wave = (length: number, k: number, i: number) =>
    Math.sqrt((k === 0 ? 1 : 2) / length) * Math.cos((Math.PI * k * (i + 0.5)) / length);
  for (const [k, s] of [4, 2, 1].entries()) {
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++)
        values[o * inputs + i]! += s * wave(outputs, k, o) * wave(inputs, k, i);
    }
  }
  return values;
}

describe('the best product of a rank', () => {
  test.each([
    [1, 5],
    [2, 1],
    [3, 0],
    [30, 0],
  ])('of %i leaves out the squares of the smaller singular values, %d', (rank, lost) => {
    for (const [outputs, inputs] of [
      [40, 24],
      [24, 40],
    ] as const) {
      const { up, down, lost: found } = approximateByRank(matrixOf(outputs, inputs), [outputs, inputs], rank);
      expect(found).toBeCloseTo(lost, 4);
      const kept = Math.min(rank, 24);
      expect([up.shape, down.shape]).toEqual([
        [outputs, kept],
        [kept, inputs],
      ]);
    }
  });

  test('of a convolution has the shapes of a LoRA for it', () => {
    const { up, down } = approximateByRank(normal(randomKey(1), [6, 36]).data, [6, 4, 3, 3], 2);
    expect([up.shape, down.shape]).toEqual([
      [6, 2, 1, 1],
      [2, 4, 3, 3],
    ]);
  });
});
