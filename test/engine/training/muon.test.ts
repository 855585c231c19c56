import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  adamW,
  type Device,
  flatten,
  minimize,
  multiply,
  muon,
  type NdArray,
  normal,
  type Optimizer,
  openDevice,
  randomKey,
  resultOf,
  spec,
  sum,
  type Tensor,
  type Tree,
  zeros,
} from '../../../src/engine/index.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

/** What a step of rate 1 from zero adds to a variable whose gradient is always `slope`. */
async function stepsAlong(
  slope: NdArray,
  optimizer: Optimizer,
  name = 'weight',
  steps = 1,
): Promise<NdArray> {
  const events = minimize(
    device,
    {
      variables: { [name]: zeros(slope.shape) } as Tree<NdArray>,
      batch: { slope: spec(slope.shape) },
      loss: (variables, batch) => sum(multiply((variables as Record<string, Tensor>)[name]!, batch.slope)),
      learningRate: 1,
      optimizer,
    },
    { steps, batch: () => ({ slope }) },
  );
  const result = await resultOf(events);
  const [[, moved]] = flatten<NdArray>(await result.variables()) as [[string, NdArray]];
  await result.dispose();
  return moved;
}

/** Rows of a matrix [rows, columns]. */
const rowsOf = ({ shape, data }: NdArray) => {
  const columns = data.length / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, row) =>
    Array.from({ length: columns }, (_, column) => Number(data[row * columns + column])),
  );
};
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((total, x, i) => total + x * b[i]!, 0);

const key = randomKey(11);

describe('Muon', () => {
  test.each([
    ['a wide matrix', [16, 40], 40],
    ['a tall matrix', [40, 16], 40],
    ['a kernel as one row an output channel', [16, 5, 3, 3], 45],
  ] as const)('moves %s along a nearly orthogonal one, as far as AdamW would', async (_, shape, longer) => {
    const slope = normal(key, shape);
    const moved = await stepsAlong(slope, muon({ weightDecay: 0 }));
    const rows = rowsOf(moved);
    const short = shape[0] === 40 ? rows[0]!.map((_, column) => rows.map((row) => row[column]!)) : rows;
    const size = 0.2 * Math.sqrt(longer);
    for (const [at, row] of short.entries()) {
      const length = Math.sqrt(dot(row, row)) / size;
      expect(length).toBeGreaterThan(0.6);
      expect(length).toBeLessThan(1.25);
      for (const other of short.slice(0, at)) {
        expect(Math.abs(dot(row, other)) / size ** 2).toBeLessThan(0.3);
      }
    }
    // Downhill, and of the root mean square 0.2 per element, to which AdamW's steps come on average.
    expect(dot(rowsOf(slope).flat(), rows.flat())).toBeLessThan(0);
    const rootMeanSquare = Math.sqrt(dot(rows.flat(), rows.flat()) / rows.flat().length);
    expect(rootMeanSquare).toBeGreaterThan(0.14);
    expect(rootMeanSquare).toBeLessThan(0.25);
  });

  test.each([
    ['a vector', [64], 'weight'],
    ['a map of few rows', [4, 64], 'weight'],
    ['a table', [32, 32], 'token_embedding'],
  ] as const)('updates %s as AdamW does', async (_, shape, name) => {
    const slope = normal(key, shape);
    const moved = await stepsAlong(slope, muon({ beta2: 0.99 }), name, 3);
    expect(moved.data).toEqual((await stepsAlong(slope, adamW({ beta2: 0.99 }), name, 3)).data);
  });

  test('refuses a momentum that is none', () => {
    expect(() => muon({ momentum: 1 })).toThrow('muon: momentum lies in [0, 1), got 1');
  });
});
