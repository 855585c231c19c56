import { describe, expect, test } from 'vitest';
import { averaged, drawLosses } from '../../../src/app/charts/draw-losses.ts';
import { drawMatrix } from '../../../src/app/charts/draw-matrix.ts';
import { montage, rowsOf } from '../../../src/app/charts/montage.ts';
import { makePicture, parsePicture } from '../../../src/files/images/index.ts';

describe('the curve of a loss', () => {
  test('has the means of neighbours where there are many steps', () => {
    const points = Array.from({ length: 1000 }, (_, step) => ({ step, loss: step % 2 }));
    const means = averaged(points);
    expect(means).toHaveLength(200);
    expect(means.slice(0, 2)).toEqual([
      { step: 2, loss: 0.4 },
      { step: 7, loss: 0.6 },
    ]);
  });

  test('has every point where there are few, and none where there is none', () => {
    const points = [
      { step: 1, loss: 3 },
      { step: 2, loss: 2 },
    ];
    expect(averaged(points)).toEqual(points);
    expect(averaged([])).toEqual([]);
  });

  test.each([
    ['positive', 1],
    ['negative', -1],
  ])('is drawn for %s losses', async (_, sign) => {
    const points = Array.from({ length: 300 }, (_, step) => ({ step, loss: sign / (step + 1) }));
    const { width, height, pixels } = await parsePicture(await drawLosses(points), 'losses');
    expect([width, height]).toEqual([1280, 560]);
    expect(coloured(pixels)).toBeGreaterThan(500);
  });
});

test('a matrix is drawn darker where its values are higher', async () => {
  const values = [
    [1, 0],
    [0, 1],
  ];
  const picture = await parsePicture(
    await drawMatrix({
      rows: ['a', 'b'],
      columns: ['c', 'd'],
      valueAt: (row, column) => values[row]![column]!,
    }),
    'matrix',
  );
  expect(picture.width).toBe(2 * (260 + 36 * 2));
  expect(picture.pixels.reduce((least, value) => Math.min(least, value), 255)).toBeLessThan(40);
  expect(coloured(picture.pixels)).toBeGreaterThan(1000);
});

test('a sheet has pictures in rows on white', () => {
  const picture = (value: number) => makePicture(1, 2, new Uint8Array(6).fill(value));
  const { height, width, pixels } = montage(rowsOf([picture(1), picture(2), picture(3)], 2));
  expect([height, width]).toEqual([1 + 4 + 1, 2 + 4 + 2]);
  const red = Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => pixels[3 * (y * width + x)]),
  );
  const [w, blank] = [255, new Array(8).fill(255)];
  expect(red).toEqual([[1, 1, w, w, w, w, 2, 2], blank, blank, blank, blank, [3, 3, w, w, w, w, w, w]]);
});

/** Pixels that are not grey. */
function coloured(pixels: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < pixels.length; at += 3) {
    if (Math.abs(pixels[at]! - pixels[at + 2]!) > 40) count++;
  }
  return count;
}
