import { describe, expect, test } from 'vitest';
import { ndArray } from '../../../src/engine/index.ts';
import {
  comparePixels,
  cropToSubject,
  intersectionOverUnion,
  maskFromBytes,
  multiScaleStructuralSimilarity,
  peakSignalToNoise,
  structuralSimilarity,
  unionOfMasks,
} from '../../../src/methods/evaluation/index.ts';
import { greyPicture, noisePicture, painted, rectangleMask } from './pictures.ts';

const size = [8, 10] as const;
const source = noisePicture(1, ...size);
const mask = rectangleMask(size, [2, 3, 6, 8]);

describe('comparePixels', () => {
  test('measures what two pictures differ by', () => {
    const [a, b] = [greyPicture(100, 2), greyPicture(100, 2)];
    const changed = {
      ...b,
      pixels: Uint8Array.from(b.pixels, (value, index) => value + (index === 4 ? 6 : 0)),
    };
    expect(comparePixels(a, changed)).toEqual({
      meanAbsolute: 0.5,
      meanSquared: 3,
      largest: 6,
      changedPixels: 1,
      pixels: 4,
    });
  });

  test('inside and outside a mask see their part only', () => {
    const edited = painted(source, mask, 0);
    const outside = comparePixels(source, edited, { kind: 'outside', mask });
    expect(outside).toMatchObject({ largest: 0, meanSquared: 0, changedPixels: 0, pixels: 80 - 20 });
    const inside = comparePixels(source, edited, { kind: 'inside', mask });
    expect(inside).toMatchObject({ changedPixels: 20, pixels: 20 });
    expect(comparePixels(source, edited).meanAbsolute).toBeCloseTo(inside.meanAbsolute / 4, 10);
  });

  test('half of a mask is inside', () => {
    const soft = ndArray('float32', [1, 2], Float32Array.of(0.5, 0.499));
    const region = { kind: 'inside', mask: soft } as const;
    expect(comparePixels(greyPicture(0, 1, 2), greyPicture(9, 1, 2), region).pixels).toBe(1);
  });

  test.each([
    [255, 0],
    [25.5, 20],
    [0, Number.POSITIVE_INFINITY],
  ])('a difference of %d everywhere is %d dB', (difference, decibels) => {
    expect(peakSignalToNoise({ meanSquared: difference ** 2 })).toBeCloseTo(decibels, 10);
  });

  test('refuses two sizes, foreign masks and empty regions', () => {
    expect(() => comparePixels(source, noisePicture(1, 10, 8))).toThrow(
      'the pictures differ in size, 10 x 8 and 8 x 10; make them equal first',
    );
    const foreign = rectangleMask([10, 8], [0, 0, 1, 1]);
    expect(() => comparePixels(source, source, { kind: 'inside', mask: foreign })).toThrow(
      'a mask is float32[8, 10] (height, width) for this picture, got float32[10, 8]',
    );
    const all = rectangleMask(size, [0, 0, ...size]);
    expect(() => comparePixels(source, source, { kind: 'outside', mask: all })).toThrow(
      'there is no pixel outside the mask (under 0.5)',
    );
  });
});

describe('structural similarity', () => {
  test('is 1 for equal pictures and falls with noise', () => {
    const [a, b] = [noisePicture(1, 170), noisePicture(2, 170)];
    expect(structuralSimilarity(a, a)).toBe(1);
    expect(multiScaleStructuralSimilarity(a, a)).toBe(1);
    expect(structuralSimilarity(a, b)).toBeLessThan(0.1);
    expect(multiScaleStructuralSimilarity(a, b)).toBeLessThan(0.5);
  });

  test('of two flat greys is the luminance term alone', () => {
    const c1 = 2.55 ** 2;
    const expected = (2 * 100 * 120 + c1) / (100 ** 2 + 120 ** 2 + c1);
    expect(structuralSimilarity(greyPicture(100, 11), greyPicture(120, 11))).toBeCloseTo(expected, 9);
  });

  test.each([
    [structuralSimilarity, 10, 'SSIM needs sides of at least 11 pixels, the pictures are 10 x 10'],
    [
      multiScaleStructuralSimilarity,
      160,
      'MS-SSIM needs sides of at least 161 pixels, the pictures are 160 x 160',
    ],
  ])('%o refuses sides of %d pixels', (measure, side, message) => {
    const small = greyPicture(0, side);
    expect(() => measure(small, small)).toThrow(message);
  });

  test('refuses two sizes', () => {
    expect(() => structuralSimilarity(greyPicture(0, 11), greyPicture(0, 12))).toThrow('differ in size');
  });
});

describe('masks', () => {
  const square = rectangleMask([4, 4], [0, 0, 2, 2]);

  test.each([
    ['itself', square, 1],
    ['one shifted by half', rectangleMask([4, 4], [0, 1, 2, 3]), 2 / 6],
    ['one apart', rectangleMask([4, 4], [2, 2, 4, 4]), 0],
  ])('intersection over union with %s', (_, other, expected) => {
    expect(intersectionOverUnion(square, other)).toBeCloseTo(expected, 12);
  });

  test('the union has the larger value everywhere', () => {
    const soft = maskFromBytes(1, 3, Uint8Array.of(0, 51, 255));
    const hard = ndArray('float32', [1, 3], Float32Array.of(0.5, 0, 0.5));
    expect([...unionOfMasks(soft, hard).data]).toEqual([0.5, Math.fround(0.2), 1]);
  });

  test('refuses masks of two sizes, and two empty ones', () => {
    const empty = rectangleMask([4, 4], [0, 0, 0, 0]);
    expect(() => intersectionOverUnion(empty, empty)).toThrow('both masks are empty');
    expect(() => intersectionOverUnion(square, rectangleMask([2, 8], [0, 0, 1, 1]))).toThrow(
      'got [4, 4] and [2, 8]; resize one',
    );
  });
});

describe('cropToSubject', () => {
  test('cuts the square around the subject with a tenth on each side', () => {
    const picture = noisePicture(3, 40, 60);
    const crop = cropToSubject(picture, rectangleMask([40, 60], [10, 20, 20, 30]));
    expect([crop.height, crop.width]).toEqual([12, 12]);
    for (const [row, column] of [
      [0, 0],
      [11, 11],
      [5, 3],
    ] as const) {
      const from = 3 * ((row + 9) * 60 + column + 19);
      const at = 3 * (row * 12 + column);
      expect([...crop.pixels.subarray(at, at + 3)]).toEqual([...picture.pixels.subarray(from, from + 3)]);
    }
  });

  test('is grey beyond the picture', () => {
    const crop = cropToSubject(greyPicture(7, 20, 40), rectangleMask([20, 40], [5, 0, 15, 20]));
    expect([crop.height, crop.width]).toEqual([24, 24]);
    const column = (index: number) => [...Array(24).keys()].map((row) => crop.pixels[3 * (24 * row + index)]);
    expect(column(0)).toEqual(new Array(24).fill(128));
    expect(column(1)).toEqual(new Array(24).fill(128));
    expect(column(2)).toEqual([128, 128, ...new Array(20).fill(7), 128, 128]);
  });

  test('refuses a mask without a subject', () => {
    const empty = rectangleMask([8, 10], [0, 0, 0, 0]);
    expect(() => cropToSubject(source, empty)).toThrow('the mask shows no subject');
  });
});
