import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, ndArray, normal, openDevice, randomKey, spec } from '../../../src/engine/index.ts';
import {
  attendPlaces,
  centreFeatures,
  compileAffinity,
} from '../../../src/methods/steering/guided-images/place-affinity.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

const floats = (shape: readonly number[], ...values: number[]) =>
  ndArray('float32', shape, Float32Array.from(values));

describe('the affinity of places', () => {
  it('is the mean over features of the cosine of all heads together', async () => {
    const features = [
      { name: 'queries', label: 'q', spec: spec([1, 2, 2, 1]) },
      { name: 'output', label: 'o', spec: spec([1, 2, 2]) },
    ];
    const { between, dispose } = await compileAffinity(device, features);
    // Two heads of two places: place 0 is (1, 0), place 1 is (3, 4).
    const here = { q: floats([1, 2, 2, 1], 1, 3, 0, 4), o: floats([1, 2, 2], 2, 0, 0, 5) };
    const there = { q: floats([1, 2, 2, 1], 0, 1, 2, 0), o: floats([1, 2, 2], 1, 0, 1, 0) };
    const { shape, data } = await between(here, there);
    expect(shape).toEqual([2, 2]);
    // Of the queries 0, 1 / 0.8, 0.6; of the outputs 1, 1 / 0, 0.
    [0.5, 1, 0.4, 0.3].forEach((cosine, i) => {
      expect(data[i]).toBeCloseTo(cosine, 5);
    });
    await dispose();
  });

  it('of features of length zero is 0', async () => {
    const { between, dispose } = await compileAffinity(device, [
      { name: 'keys', label: 'k', spec: spec([1, 1, 3, 4]) },
    ]);
    const nothing = { k: floats([1, 1, 3, 4], ...new Float32Array(12)) };
    const { data } = await between(nothing, { k: normal(randomKey(1), [1, 1, 3, 4]) });
    expect(data).toEqual(new Float32Array(9));
    await dispose();
  });

  it('knows nothing of a shift that all weighed places share, once features are centred', () => {
    const weights = Float32Array.of(1, 0.5, 0);
    const plain = normal(randomKey(2), [1, 2, 3, 2]);
    const shifted = {
      ...plain,
      data: plain.data.map((x, i) => x + [3, -1, 0.5, 7][2 * Math.floor(i / 6) + (i % 2)]!),
    };
    const [a, b] = [plain, shifted].map((x) => centreFeatures({ x }, weights).x!.data as Float32Array);
    a!.forEach((value, i) => {
      expect(b![i]).toBeCloseTo(value, 5);
    });
    for (const [head, channel] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      const mean = weights.reduce(
        (sum, weight, place) => sum + weight * a![6 * head + 2 * place + channel]!,
        0,
      );
      expect(mean).toBeCloseTo(0, 5);
    }
  });
});

describe('attention between pictures', () => {
  const affinity = floats([2, 2], 1, 0, 0.5, 0.5);
  const weights = Float32Array.of(1, 1);
  const values = [Float32Array.of(10, 20), Float32Array.of(1, -1)];

  it('is a softmax over the places of all pictures', () => {
    const τ = 0.5;
    const [first, second] = attendPlaces([{ affinity, weights, values }], τ);
    const share = Math.exp(1 / τ) / (Math.exp(1 / τ) + 1);
    expect(first![0]).toBeCloseTo(10 * share + 20 * (1 - share), 4);
    expect(first![1]).toBeCloseTo(15, 4);
    expect(second![1]).toBeCloseTo(0, 5);
    const other = {
      affinity: floats([2, 2], 1, 1, 1, 1),
      weights,
      values: [Float32Array.of(0, 0), Float32Array.of(0, 0)],
    };
    const [both] = attendPlaces([{ affinity, weights, values }, other], τ);
    const e = Math.exp(1 / τ);
    expect(both![0]).toBeCloseTo((10 * e + 20) / (e + 1 + 2 * e), 4);
  });

  it('sees places as much as they weigh, and at little temperature the likest alone', () => {
    const [weighed] = attendPlaces([{ affinity, weights: Float32Array.of(0, 0.3), values }], 1);
    expect(Array.from(weighed!)).toEqual([20, 20]);
    const [sharp] = attendPlaces([{ affinity, weights, values }], 0.01);
    expect(sharp![0]).toBeCloseTo(10, 5);
  });

  it('finds the likest place at any temperature, and refuses where no place counts', () => {
    const faint = floats([1, 2], -0.9, -0.8);
    expect(Array.from(attendPlaces([{ affinity: faint, weights, values }], 1e-4)[0]!)).toEqual([20]);
    const nothing = { affinity, weights: new Float32Array(2), values };
    expect(() => attendPlaces([nothing], 0.1)).toThrow('no place counts at a temperature of 0.1');
  });
});
