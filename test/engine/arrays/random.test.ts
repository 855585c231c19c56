import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  fold,
  integers,
  inverseNormal,
  type NdArray,
  normal,
  permutation,
  philox,
  type RandomKey,
  randomKey,
  uniform,
} from '../../../src/engine/arrays/index.ts';

describe('Philox4x32-10', () => {
  // Random123's known answers (kat_vectors: philox4x32 10).
  it.each<[string, number[], [number, number], string]>([
    ['zeros', [0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [
      'ones',
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      '408f276d 41c83b0e a20bc7c6 6d5451fd',
    ],
    [
      'the digits of pi',
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      'd16cfe09 94fdcceb 5001e420 24126ea1',
    ],
  ])('answers %s as its authors do', (_, counter, words, answer) => {
    const out = new Uint32Array(4);
    philox({ words }, counter[0]!, counter[1]!, counter[2]!, counter[3]!, out);
    expect([...out].map((word) => word.toString(16).padStart(8, '0')).join(' ')).toBe(answer);
  });
});

/** Φ(x) by Simpson's rule on the density: independent of the rational approximations under test. */
function normalDistribution(x: number): number {
  const steps = 4000;
  const density = (t: number) => Math.exp(-(t * t) / 2) / Math.sqrt(2 * Math.PI);
  let total = density(0) + density(x);
  for (let i = 1; i < steps; i++) total += (i % 2 === 1 ? 4 : 2) * density((i * x) / steps);
  return 0.5 + (total * x) / steps / 3;
}

describe('inverseNormal', () => {
  // Published quantiles (scipy.stats.norm.ppf agrees in every digit given).
  it.each([
    [0.5, 0],
    [0.75, 0.6744897501960817],
    [0.9, 1.2815515655446004],
    [0.975, 1.959963984540054],
    [0.995, 2.5758293035489004],
    [0.001, -3.090232306167813],
    [1e-6, -4.753424308822899],
    [1e-10, -6.361340902404056],
  ])('at %d is %d', (p, quantile) => {
    expect(Math.abs(inverseNormal(p) - quantile)).toBeLessThan(2e-14);
  });

  it.each([0.001, 0.02, 0.07, 0.0749, 0.0751, 0.2, 0.4, 0.6, 0.93, 0.999])(
    'is undone at %d by the distribution function',
    (p) => {
      expect(Math.abs(normalDistribution(inverseNormal(p)) - p)).toBeLessThan(1e-13);
    },
  );

  it('rises across the joints of its three approximations', () => {
    const joints = [0.075, 0.925, Math.exp(-25), 1 - 1e-9];
    for (const joint of joints) {
      expect(inverseNormal(joint * (1 - 1e-12))).toBeLessThan(inverseNormal(joint * (1 + 1e-12)));
    }
  });
});

const count = 200_000;
const moment = ({ data }: NdArray<'float32'>, power: number): number =>
  data.reduce((total, x) => total + x ** power, 0) / data.length;

describe('normal', () => {
  const sample = normal(randomKey(7), [count]);

  // The bounds are five standard errors: √(Var xᵏ / n) is √(1, 2, 15, 96 / n).
  it.each([
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
  ])('has the moment %d of the standard normal distribution', (power, expected, variance) => {
    expect(Math.abs(moment(sample, power) - expected)).toBeLessThan(5 * Math.sqrt(variance / count));
  });

  it('has neighbours that are not correlated', () => {
    const { data } = sample;
    let total = 0;
    for (let i = 1; i < count; i++) total += data[i]! * data[i - 1]!;
    expect(Math.abs(total / count)).toBeLessThan(5 / Math.sqrt(count));
  });
});

describe('uniform', () => {
  it.each([
    [0, 1],
    [-3, 5],
  ])('fills [%d, %d) evenly and never reaches its end', (low, high) => {
    const sample = uniform(randomKey(1), [count], low, high);
    const [mean, spread] = [(low + high) / 2, (high - low) / Math.sqrt(12)];
    expect(Math.abs(moment(sample, 1) - mean)).toBeLessThan((5 * spread) / Math.sqrt(count));
    expect(sample.data.every((x) => x >= low && x < high)).toBe(true);
  });

  it('stays under its end where float32 cannot tell it from its neighbours', () => {
    const low = 16_777_216;
    const sample = uniform(randomKey(2), [1000], low, low + 2);
    expect([...new Set(sample.data)]).toEqual([low]);
  });
});

describe('integers', () => {
  it('fill low … high − 1 evenly', () => {
    const { data } = integers(randomKey(3), [60_000], -2, 4);
    const counts = new Map<number, number>();
    for (const value of data) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
    for (const found of counts.values()) expect(Math.abs(found - 10_000)).toBeLessThan(5 * 92);
  });

  it.each([
    [3, 3],
    [4, 3],
    [0.5, 3],
  ])('refuse the range %d … %d', (low, high) => {
    expect(() => integers(randomKey(0), [1], low, high)).toThrow(
      new Error(`integers: expected whole numbers low < high, got ${low} and ${high}`),
    );
  });
});

describe('permutation', () => {
  it('holds every position once', () => {
    expect(permutation(randomKey(5), 500).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 500 }, (_, index) => index),
    );
  });

  it('has each order of three about equally often', () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 6000; seed++) {
      const order = permutation(randomKey(seed), 3).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const found of counts.values()) expect(Math.abs(found - 1000)).toBeLessThan(5 * 29);
  });
});

describe('keys', () => {
  it('give the same numbers again', () => {
    expect(normal(randomKey(11), [9])).toEqual(normal(randomKey(11), [9]));
  });

  it('give a longer array that starts with the shorter one', () => {
    expect([...normal(randomKey(11), [9]).data.subarray(0, 5)]).toEqual([...normal(randomKey(11), [5]).data]);
  });

  it('that are folded by different labels are all different', () => {
    const key = randomKey(1);
    const labels = [0, 1, 2, 2 ** 32, 2 ** 40 + 1, '0', '1', 'noise', ''];
    const folded: RandomKey[] = [key, ...labels.map((label) => fold(key, label)), fold(randomKey(2), 0)];
    expect(new Set(folded.map(({ words }) => words.join())).size).toBe(labels.length + 2);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('do not come from the seed %d', (seed) => {
    expect(() => randomKey(seed)).toThrow(
      new Error(`randomKey: a seed is a whole number from 0 to 2^53 − 1, got ${seed}`),
    );
    expect(() => fold(randomKey(0), seed)).toThrow(
      new Error(`fold: a label is a text or a whole number from 0 to 2^53 − 1, got ${seed}`),
    );
  });
});

/** The exact bits of a sample: whoever changes them changes every picture and every training run. */
const bits = ({ data }: NdArray): string =>
  createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex').slice(0, 16);

describe('numbers never drift', () => {
  const key = fold(randomKey(2 ** 40 + 12_345), 'snapshot');

  it('first normals', () => {
    expect([...normal(key, [4]).data]).toMatchInlineSnapshot(`
      [
        0.6163275241851807,
        0.750670850276947,
        -1.350022554397583,
        0.20185056328773499,
      ]
    `);
  });

  it('first uniforms', () => {
    expect([...uniform(key, [4]).data]).toMatchInlineSnapshot(`
      [
        0.7311607599258423,
        0.7735745906829834,
        0.0885043740272522,
        0.5799831748008728,
      ]
    `);
  });

  it('hashes of 100,000', () => {
    expect({
      normal: bits(normal(key, [100_000])),
      uniform: bits(uniform(key, [100_000], -1, 1)),
      integers: bits(integers(key, [100_000], 0, 1000)),
      permutation: permutation(key, 10),
    }).toMatchInlineSnapshot(`
      {
        "integers": "8402dd8f23f2209c",
        "normal": "b2b209af574ed365",
        "permutation": [
          6,
          1,
          0,
          9,
          3,
          5,
          8,
          7,
          4,
          2,
        ],
        "uniform": "52ca4c3ebc34b1fe",
      }
    `);
  });
});
