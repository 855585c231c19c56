import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  adamW,
  add,
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
  sgd,
  spec,
  sum,
  type Tensor,
} from '../../../src/engine/index.ts';
import { jointUpdates } from '../../../src/engine/training/joint-updates.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

const shapes: Readonly<Record<string, readonly number[]>> = {
  wide: [16, 20],
  alike: [16, 20],
  kernel: [16, 5, 2, 2],
  tall: [20, 16],
  few: [3, 40],
  vector: [7],
  number: [],
};
const start = (name: string) => normal(randomKey(Object.keys(shapes).indexOf(name)), shapes[name]!);

/** Where some of the variables come to in three steps, each along a slope that changes from step to step. */
async function moved(names: readonly string[], optimizer: Optimizer): Promise<ReadonlyMap<string, NdArray>> {
  const slopes = (step: number) =>
    Object.fromEntries(names.map((name) => [name, slopeOf(start(name), step)]));
  const events = minimize(
    device,
    {
      variables: Object.fromEntries(names.map((name) => [name, start(name)])),
      batch: Object.fromEntries(names.map((name) => [name, spec(shapes[name]!)])),
      loss: (variables, batch) =>
        names
          .map((name) => sum(multiply((variables as Leaves)[name]!, (batch as Leaves)[name]!)))
          .reduce((total, each) => add(total, each)),
      learningRate: 0.1,
      optimizer,
      averageDecay: 0.9,
    },
    { steps: 3, batch: slopes },
  );
  const result = await resultOf(events);
  const { counters, ...state } = (await result.save()) as { readonly [part: string]: never };
  await result.dispose();
  return new Map(flatten<NdArray>(state));
}

type Leaves = Readonly<Record<string, Tensor>>;

const slopeOf = ({ data, ...rest }: NdArray<'float32'>, step: number): NdArray<'float32'> => ({
  ...rest,
  data: data.map((value) => Math.sin((step + 1) * value)),
});

test.each<[string, Optimizer]>([
  ['AdamW', adamW()],
  ['Muon', muon()],
  ['SGD with momentum', sgd({ momentum: 0.9 })],
])('%s moves variables together as each alone', async (_, optimizer) => {
  const together = await moved(Object.keys(shapes), optimizer);
  for (const name of Object.keys(shapes)) {
    for (const [path, alone] of await moved([name], optimizer)) {
      const found = together.get(path)!;
      expect(found.shape).toEqual(alone.shape);
      for (const [i, value] of alone.data.entries()) {
        expect(found.data[i], path).toBeCloseTo(Number(value), 5);
      }
    }
  }
});

test('matrices of one size and rate are joined, and what is large stays alone', () => {
  const variables = Object.entries({ ...shapes, large: [800, 800], rated: [7] }).map(
    ([name, shape]) => [name, spec(shape)] as const,
  );
  const groups = jointUpdates(variables, muon().formOf, (path) => (path === 'rated' ? 1 : 0));
  expect(groups.map(({ form, rate, paths }) => [form, rate, ...paths])).toEqual([
    ['matrix', 0, 'wide', 'alike', 'kernel'],
    ['matrix', 0, 'tall'],
    ['elements', 0, 'few', 'vector', 'number'],
    ['matrix', 0, 'large'],
    ['elements', 1, 'rated'],
  ]);
});
