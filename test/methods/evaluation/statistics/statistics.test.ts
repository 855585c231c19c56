import { describe, expect, test } from 'vitest';
import { normal, randomKey } from '../../../../src/engine/index.ts';
import {
  areaBetween,
  bootstrap,
  commonRange,
  compareAreas,
  compareAtEqualAbscissa,
  compareMeanCurves,
  mean,
  meanCurve,
  pairedDifference,
  quantile,
  standardDeviation,
  type TradeOffCurve,
  valueAt,
  widening,
} from '../../../../src/methods/evaluation/index.ts';

const key = randomKey(7);

describe('mean and quantiles', () => {
  test('are those of school', () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(standardDeviation([1, 2, 6])).toBeCloseTo(Math.sqrt(7), 12); // (4 + 1 + 9) / 2
    expect(standardDeviation([5])).toBe(0);
    expect(() => mean([])).toThrow('mean: there are no values');
  });

  test.each([
    [0, 10],
    [0.5, 25],
    [0.25, 17.5],
    [1, 40],
  ])('the quantile %d of 10, 20, 30, 40 is %d, as in NumPy', (share, expected) => {
    expect(quantile([10, 20, 30, 40], share)).toBeCloseTo(expected, 12);
  });
});

describe('bootstrap', () => {
  const average = (values: readonly number[]) => mean(values);

  test('of equal values has no width', () => {
    const interval = { low: 3, high: 3 };
    expect(bootstrap([3, 3, 3, 3, 3], average, { key })).toEqual({ value: 3, items: 5, interval });
  });

  test('gives the same interval for the same key, and another for another', () => {
    const values = [1, 5, 2, 8, 3];
    const first = bootstrap(values, average, { key, resamples: 200 });
    expect(bootstrap(values, average, { key, resamples: 200 })).toEqual(first);
    expect(bootstrap(values, average, { key: randomKey(8), resamples: 200 })).not.toEqual(first);
  });

  test('of five values, one of them 1 and all others 0, reaches as far as the binomial distribution says', () => {
    // The mean of a resample is k / 5: P(k = 0) = 0.328, P(k ≤ 2) = 0.942, P(k ≤ 3) = 0.993.
    const { value, interval } = bootstrap([0, 0, 0, 0, 1], average, { key });
    expect(value).toBe(0.2);
    // t of 4 degrees is 2.7764: 2.7764 / 1.9600 · √(5 / 4) = 1.5838
    expect(interval!.low).toBeCloseTo(0.2 - 1.5838 * 0.2, 3);
    expect(interval!.high).toBeCloseTo(0.2 + 1.5838 * 0.4, 3);
  });

  test.each([
    [5, 2.7764],
    [6, 2.5706],
    [10, 2.2622],
    [16, 2.1314],
    [101, 1.984],
  ])('of %d values is as much wider as t is than z, and as n is than n − 1', (items, t) => {
    expect(widening(items)).toBeCloseTo((t / 1.95996) * Math.sqrt(items / (items - 1)), 3);
  });

  test('of fewer than five values has no interval', () => {
    expect(bootstrap([0, 1, 2, 3], average, { key })).toEqual({ value: 1.5, items: 4, interval: undefined });
  });

  test.each([5, 10, 20])('of %d values around 0 leaves out 0 about one time in twenty', (items) => {
    const experiments = 400;
    const rejected = Array.from({ length: experiments }, (_, experiment) => {
      const values = [...normal(randomKey(1000 * items + experiment), [items]).data];
      const { low, high } = bootstrap(values, average, { key, resamples: 100 }).interval!;
      return low > 0 || high < 0;
    }).filter(Boolean);
    expect(rejected.length / experiments).toBeLessThan(0.09);
    expect(rejected.length / experiments).toBeGreaterThan(0.01);
  });

  test('is as wide as the normal approximation for many values', () => {
    const values = [...normal(randomKey(3), [400]).data];
    const { value, interval } = bootstrap(values, average, { key });
    const { low, high } = interval!;
    const standardError = standardDeviation(values) / Math.sqrt(400);
    expect((high - low) / (2 * 1.96 * standardError)).toBeGreaterThan(0.9);
    expect((high - low) / (2 * 1.96 * standardError)).toBeLessThan(1.1);
    expect((low + high) / 2).toBeCloseTo(value, 1);
  });

  test('leaves out resamples that have no such statistic', () => {
    const range = (values: readonly number[]) =>
      new Set(values).size > 1 ? Math.max(...values) - Math.min(...values) : undefined;
    const interval = { low: 1, high: 1 };
    expect(bootstrap([0, 0, 0, 0, 1], range, { key })).toEqual({ value: 1, items: 5, interval });
  });

  test.each([
    [[], {}, 'bootstrap: there is nothing to resample'],
    [[1], { resamples: 0 }, 'resamples is a whole number ≥ 1, got 0'],
  ])('refuses %j with %j', (values, options, message) => {
    expect(() => bootstrap(values, average, { key, ...options })).toThrow(message);
  });
});

describe('pairedDifference', () => {
  const method = new Map([
    ['cat/1', 0.2],
    ['cat/2', 0.5],
    ['dog/1', 0.8],
    ['only ours', 100],
  ]);
  const baseline = new Map([
    ['dog/1', 1],
    ['cat/1', 0.4],
    ['cat/2', 0.6],
    ['only theirs', -100],
  ]);

  test('compares equal keys only, whatever their order', () => {
    const result = pairedDifference(method, baseline, { key });
    expect(result.pairs).toBe(3);
    expect(result.leftOut).toEqual(['only ours', 'only theirs']);
    expect(result.method).toBeCloseTo(0.5, 12);
    expect(result.baseline).toBeCloseTo(2 / 3, 12);
    expect(result.difference.value).toBeCloseTo(-0.5 / 3, 12); // −0.2, −0.1, −0.2
    expect(result.relativePercent?.value).toBeCloseTo(-25, 10);
    expect(result.difference).toMatchObject({ items: 3, interval: undefined });
  });

  test('has no width where the difference is the same everywhere, however much the cases differ', () => {
    const base = new Map([0, 10, 1000, 7, 70].map((value, index) => [`${index}`, value]));
    const shifted = new Map([...base].map(([name, value]) => [name, value + 1]));
    const { difference } = pairedDifference(shifted, base, { key });
    for (const end of [difference.value, ...Object.values(difference.interval!)]) {
      expect(end).toBeCloseTo(1, 10);
    }
  });

  test('resamples whole groups on request', () => {
    const base = new Map(Array.from({ length: 40 }, (_, index) => [`${index % 5}/${index}`, 1]));
    const ours = new Map([...base].map(([name]) => [name, name.startsWith('0') ? 6 : 1]));
    const groupOf = (name: string) => name.split('/')[0]!;
    const grouped = pairedDifference(ours, base, { key, groupOf }).difference;
    expect(grouped).toMatchObject({ value: 1, items: 5 }); // five concepts are five draws, not forty
    expect(grouped.interval!.low).toBeCloseTo(1 - 1.583, 2);
    expect(grouped.interval!.high).toBeCloseTo(1 + 1.583 * 2, 2);
    expect(pairedDifference(ours, base, { key }).difference.interval!.low).toBeGreaterThan(0.2);
  });

  test('has no percentage of nothing', () => {
    const zero = new Map([['a', 0]]);
    expect(pairedDifference(zero, zero, { key }).relativePercent).toBeUndefined();
  });

  test('counts a gain over a negative baseline from its size', () => {
    const result = pairedDifference(new Map([['a', -1]]), new Map([['a', -2]]), { key });
    expect(result.relativePercent?.value).toBe(50);
  });

  test.each([
    [[['a', 1]], [['b', 1]], 'pairedDifference: none of the 1 and 1 keys is in both'],
    [[['a', 1]], [['a', Number.NaN]], '"a" is 1 against NaN'],
  ] as const)('refuses %j against %j', (ours, theirs, message) => {
    expect(() => pairedDifference(new Map(ours), new Map(theirs), { key })).toThrow(message);
  });
});

const curve = (...points: readonly (readonly [x: number, y: number])[]): TradeOffCurve =>
  points.map(([x, y]) => ({ x, y }));

describe('trade-off curves', () => {
  const straight = curve([0, 1], [0.5, 0.8], [1, 0.2]);

  test.each([
    [0, 1],
    [0.25, 0.9],
    [0.5, 0.8],
    [0.75, 0.5],
    [1, 0.2],
  ])('at x = %d the value between steps is %d', (x, y) => {
    expect(valueAt(straight, x)).toBeCloseTo(y, 12);
  });

  test.each([-0.1, 1.1])('there is no value at %d, which editing does not pass', (x) => {
    expect(valueAt(straight, x)).toBeUndefined();
  });

  test('steps that fall back in x are passed over until one goes further', () => {
    expect(valueAt(curve([0, 1], [0.4, 0.6], [0.3, 0], [0.35, 9], [0.8, 0.2]), 0.6)).toBeCloseTo(0.4, 12);
  });

  test('the area between two curves is that of the shape between them, signed', () => {
    const low = curve([0, 0], [1, 0]);
    expect(areaBetween(curve([0, 0], [1, 1]), low)).toBeCloseTo(0.5, 12);
    expect(areaBetween(low, curve([0, 0], [1, 1]))).toBeCloseTo(-0.5, 12);
    expect(areaBetween(curve([0, -1], [1, 1]), low)).toBeCloseTo(0, 12);
    // from 0.5 to 1 only: a triangle with a bend at 0.75, height 1
    expect(areaBetween(curve([0.5, 0], [0.75, 1], [2, -4]), low)).toBeCloseTo(0.25, 12);
    expect(commonRange(curve([0.5, 0], [2, 0]), low)).toEqual([0.5, 1]);
  });

  test('curves without a common range have no area between them', () => {
    expect(commonRange(curve([0, 0], [1, 0]), curve([2, 0]))).toBeUndefined();
    expect(areaBetween(curve([0, 0], [1, 0]), curve([1, 0], [2, 0]))).toBeUndefined();
  });

  test('the mean of curves is taken step by step', () => {
    const average = meanCurve([curve([0, 1], [1, 0]), curve([0, 0], [0.5, 1])]);
    expect(average).toEqual(curve([0, 0.5], [0.75, 0.5]));
    expect(() => meanCurve([straight, curve([0, 0])])).toThrow('as many steps each, got 3 and 1');
    expect(() => meanCurve([])).toThrow('there are no curves');
  });

  test('refuses a curve without points, or with one that is no number', () => {
    expect(() => valueAt([], 0)).toThrow('at least one point');
    expect(() => valueAt(curve([0, Number.NaN]), 0)).toThrow('finite points, got (0, NaN)');
  });
});

describe('curves of a method and a baseline', () => {
  // Two pairs: the baseline loses y as x grows, the method half as much.
  const baseline = new Map([
    ['a', curve([0, 1], [1, 0])],
    ['b', curve([0, 0.8], [1, 0])],
    ['short', curve([0, 1], [0.2, 0.8])],
  ]);
  const method = new Map([
    ['a', curve([0, 1], [1, 0.5])],
    ['b', curve([0, 0.8], [1, 0.4])],
    ['short', curve([0, 1], [0.1, 0.95])],
  ]);

  test('are compared pair by pair at equal x', () => {
    const result = compareAtEqualAbscissa(method, baseline, 0.5, { key });
    expect(result.pairs).toBe(2);
    expect(result.leftOut).toEqual(['short']);
    expect(result.difference.value).toBeCloseTo(0.225, 12); // 0.75 − 0.5 and 0.6 − 0.4
    expect(result.relativePercent?.value).toBeCloseTo(50, 10); // 0.675 against 0.45
  });

  test('may be compared at an x of each pair', () => {
    const ends = compareAtEqualAbscissa(method, baseline, (name) => method.get(name)!.at(-1)!.x, { key });
    expect(ends.pairs).toBe(3);
    expect(ends.difference.value).toBeCloseTo((0.5 + 0.4 + 0.05) / 3, 12);
  });

  test('are compared by their means with every pair counted', () => {
    // means at the last step: (2.1 / 3, 1.85 / 3) and (2.2 / 3, 0.8 / 3), from (0, 2.8 / 3)
    const x = 0.35;
    const ours = 2.8 / 3 + (x / (2.1 / 3)) * ((1.85 - 2.8) / 3);
    const theirs = 2.8 / 3 + (x / (2.2 / 3)) * ((0.8 - 2.8) / 3);
    const { difference, relativePercent, ...values } = compareMeanCurves(method, baseline, x, { key });
    expect(values.method).toBeCloseTo(ours, 12);
    expect(values.baseline).toBeCloseTo(theirs, 12);
    expect(difference.value).toBeCloseTo(ours - theirs, 12);
    expect(difference).toMatchObject({ items: 3, interval: undefined });
    expect(relativePercent!.value).toBeCloseTo((100 * (ours - theirs)) / theirs, 10);
  });

  test('are compared by the area between them', () => {
    const { value } = compareAreas(method, baseline, { key });
    expect(value).toBeCloseTo((0.25 + 0.2 + 0.1 * 0.025) / 3, 12);
  });

  test('without a common pair, x or range are refused', () => {
    const other = new Map([['other', curve([5, 1], [6, 1])]]);
    expect(() => compareMeanCurves(method, other, 0.5, { key })).toThrow('none of the 3 and 1 keys');
    expect(() => compareMeanCurves(method, baseline, 2, { key })).toThrow('does not reach 2');
    expect(() => compareAtEqualAbscissa(method, baseline, 2, { key })).toThrow('keys is in both');
    const far = new Map([['a', curve([5, 1], [6, 1])]]);
    expect(() => compareAreas(method, far, { key })).toThrow('no two curves of a pair share a range');
  });
});
