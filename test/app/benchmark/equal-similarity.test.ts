import { describe, expect, test } from 'vitest';
import type { CellRecord } from '../../../src/app/benchmark/report/collect-records.ts';
import { compareAtEqualSimilarity } from '../../../src/app/benchmark/report/equal-similarity.ts';
import { pairing } from '../../../src/app/benchmark/report/summarize.ts';
import { normal, randomKey } from '../../../src/engine/index.ts';

/** A cell of which nothing but its curve is looked at; a point is [similarity, SSIM]. */
const cellOf = (concept: string, points: readonly (readonly [number, number])[]): CellRecord =>
  ({
    concept,
    source: 'sofa',
    seed: 0,
    steps: points.map(([similarity, ssim], step) => ({ step, figures: { 'clip-i': similarity, ssim } })),
  }) as unknown as CellRecord;

const compared = (cells: readonly CellRecord[], reference: readonly CellRecord[]) => {
  const [ssim] = compareAtEqualSimilarity('clip-i', cells, reference, { ...pairing, resamples: 50 });
  return ssim!;
};

describe('at equal similarity', () => {
  const reference = [
    cellOf('a', [
      [0, 1],
      [1, 0],
    ]),
    cellOf('b', [
      [0, 1],
      [1, 0],
    ]),
  ];

  test('curves are compared at nine tenths of what both reach, not at the last step of the shorter one', () => {
    const method = [
      cellOf('a', [
        [0, 1],
        [0.5, 0.6],
      ]),
      cellOf('b', [
        [0, 1],
        [1, 0.4],
      ]),
    ];
    const { means, paired, unmatched } = compared(method, reference);
    expect(unmatched).toBe(0);
    // At 0.45 and 0.9: 1 − 0.36 and 1 − 0.54 against 0.55 and 0.1.
    expect(paired!.similarity).toBeCloseTo(0.675, 12);
    expect(paired!.method).toBeCloseTo((0.64 + 0.46) / 2, 12);
    expect(paired!.baseline).toBeCloseTo((0.55 + 0.1) / 2, 12);
    // The mean of the method ends at 0.75, 0.5; at 0.675 it is 1 − 0.9 · 0.5, that of the reference 1 − 0.675.
    expect(means!.similarity).toBeCloseTo(0.675, 12);
    expect(means!.method).toBeCloseTo(0.55, 12);
    expect(means!.baseline).toBeCloseTo(0.325, 12);
    expect(means!.relativePercent!.value).toBeCloseTo((100 * 0.225) / 0.325, 10);
  });

  test('a case of which a method never gains similarity is left out and counted, but is part of the means', () => {
    const still = cellOf('a', [
      [0, 1],
      [-0.2, 0.2],
    ]);
    const moving = cellOf('b', [
      [0, 1],
      [1, 0.4],
    ]);
    const some = compared([still, moving], reference);
    expect(some).toMatchObject({ unmatched: 1, paired: { pairs: 1 } });
    expect(some.means!.similarity).toBeCloseTo(0.9 * 0.4, 12);
    expect(compared([still], reference)).toMatchObject({
      unmatched: 1,
      paired: undefined,
      means: undefined,
      area: undefined,
    });
  });

  test('a slower method with the same trade-off does not win, however noisy its similarity is', () => {
    const steps = 11;
    const cells = (name: string, speed: number) =>
      Array.from({ length: 60 }, (_, index) => {
        const noise = normal(randomKey(index + (name === 'slow' ? 1000 : 0)), [steps]).data;
        return cellOf(
          `concept-${index}`,
          Array.from({ length: steps }, (_, step) => {
            const gained = (speed * step) / (steps - 1);
            return [gained + (step === 0 ? 0 : 0.02 * noise[step]!), 1 - 0.5 * gained];
          }),
        );
      });
    const { means } = compared(cells('slow', 0.1), cells('fast', 0.3));
    expect(Math.abs(means!.relativePercent!.value)).toBeLessThan(0.5);
  });
});
