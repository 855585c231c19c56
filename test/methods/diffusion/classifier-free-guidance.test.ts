import { describe, expect, test } from 'vitest';
import { fromNested } from '../../../src/engine/arrays/index.ts';
import { classifierFreeGuidance } from '../../../src/methods/diffusion/index.ts';

const conditional = fromNested([
  [1, 3],
  [0, 10],
]);
const unconditional = fromNested([
  [0, 1],
  [2, 2],
]);
const guide = (guidanceScale: number, guidanceRescale = 0) =>
  Array.from(classifierFreeGuidance(conditional, unconditional, { guidanceScale, guidanceRescale }).data);

describe('classifier-free guidance', () => {
  test.each([
    [0, [0, 1, 2, 2]],
    [1, [1, 3, 0, 10]],
    [2, [2, 5, -2, 18]],
  ])('scale %d extrapolates from the unconditional prediction', (scale, expected) => {
    expect(guide(scale)).toEqual(expected);
  });

  test('full rescaling gives each item the deviation of its conditional prediction', () => {
    const [a, b, c, d] = guide(2, 1) as [number, number, number, number];
    expect((b - a) / 2).toBeCloseTo(1, 5); // (3 − 1) / 2
    expect((d - c) / 2).toBeCloseTo(5, 5); // (10 − 0) / 2
    expect(a / b).toBeCloseTo(2 / 5, 5);
  });

  test('half rescaling lies half way', () => {
    const [none, half, full] = [guide(2), guide(2, 0.5), guide(2, 1)];
    for (const [i, value] of half.entries()) expect(value).toBeCloseTo((none[i]! + full[i]!) / 2, 5);
  });

  test('a constant prediction is left alone', () => {
    const flat = fromNested([[2, 2]]);
    const guided = classifierFreeGuidance(flat, flat, { guidanceScale: 7.5, guidanceRescale: 0.7 });
    expect(Array.from(guided.data)).toEqual([2, 2]);
  });

  test.each<[string, number, number, string]>([
    ['an infinite scale', Number.POSITIVE_INFINITY, 0, 'the guidance scale is a finite number, got Infinity'],
    ['a rescale beyond 1', 2, 1.5, 'the guidance rescale lies between 0 and 1, got 1.5'],
  ])('refuses %s with a sentence', (_, scale, rescale, message) => {
    expect(() => guide(scale, rescale)).toThrow(message);
  });

  test('refuses predictions of two shapes', () => {
    expect(() => classifierFreeGuidance(conditional, fromNested([1]), { guidanceScale: 2 })).toThrow(
      'weightedSum: expected one shape, got [1] and [2, 2]',
    );
  });
});
