import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  add,
  type Device,
  flatten,
  fromNested,
  full,
  matmul,
  multiply,
  type NdArray,
  openDevice,
  range,
  scalar,
  spec,
  subtract,
  sum,
  transpose,
} from '../../../src/engine/index.ts';
import { leftBehind } from './left-behind.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

describe('a state', () => {
  test('is replaced leaf by leaf by the steps that run on it, and read back in its form', async () => {
    const state = await device.hold({ count: scalar(0), lists: [fromNested([1, 2])] });
    const step = await device.compileStep(
      ({ by }, { count }) => ({ outputs: { before: count }, state: { count: add(count, by) } }),
      { by: spec([]) },
      { count: spec([]) },
    );
    const seen: number[] = [];
    for (const by of [1, 10, 100])
      seen.push((await step.run({ by: scalar(by) }, state)).before.data[0] as number);
    expect(seen).toEqual([0, 1, 11]);
    const { count, lists } = await state.read();
    expect([count.data[0], ...lists[0]!.data]).toEqual([111, 1, 2]);
    expect((await state.readBranch('count')).data[0]).toBe(111);
  });

  // New values that depend on old ones in every awkward way: the old ones must be read before they go.
  const leaves = { a: spec([2, 2]), b: spec([2, 2]) };
  type Leaves = {
    readonly a: Parameters<typeof add>[0] & object;
    readonly b: Parameters<typeof add>[0] & object;
  };
  test.each([
    ['swapped', ({ a, b }: Leaves) => ({ a: b, b: a }), [5, 6, 7, 8, 1, 2, 3, 4]],
    ['transposed', ({ a, b }: Leaves) => ({ a: transpose(a), b }), [1, 3, 2, 4, 5, 6, 7, 8]],
    ['multiplied by itself', ({ a }: Leaves) => ({ a: matmul(a, a) }), [7, 10, 15, 22, 5, 6, 7, 8]],
    ['mixed', ({ a, b }: Leaves) => ({ a: add(a, b), b: subtract(a, b) }), [6, 8, 10, 12, -4, -4, -4, -4]],
    [
      'chained',
      ({ a, b }: Leaves) => ({ a: multiply(a, 2), b: add(b, multiply(a, 2)) }),
      [2, 4, 6, 8, 7, 10, 13, 16],
    ],
    ['shifted by its own sum', ({ a }: Leaves) => ({ a: add(a, sum(a)) }), [11, 12, 13, 14, 5, 6, 7, 8]],
    ['added to its transpose', ({ a }: Leaves) => ({ a: add(a, transpose(a)) }), [2, 5, 5, 8, 5, 6, 7, 8]],
  ])('whose leaves are %s has the right next value, twice', async (_, next, expected) => {
    const state = await device.hold({
      a: fromNested([
        [1, 2],
        [3, 4],
      ]),
      b: fromNested([
        [5, 6],
        [7, 8],
      ]),
    });
    const step = await device.compileStep(
      (_, old) => ({ outputs: {}, state: next(old as Leaves) }),
      {},
      leaves,
    );
    await step.run({}, state);
    const { a, b } = await state.read();
    expect([...a.data, ...b.data]).toEqual(expected);
    // From the same start once more, now with the buffers that the first run left.
    const once = await device.hold({ a, b });
    await step.run({}, once);
    await step.run({}, state);
    expect(await state.read()).toEqual(await once.read());
  });

  test('may be larger than what a program reads of it, and not smaller', async () => {
    const step = await device.compileStep((_, { a }) => ({ outputs: a, state: {} }), {}, { a: spec([1]) });
    expect([...(await step.run({}, await device.hold({ a: full([1], 3), b: scalar(1) }))).data]).toEqual([3]);
    await expect(step.run({}, await device.hold({ b: scalar(1) }))).rejects.toThrow(
      'run: the state has no leaf "a" (float32[1])',
    );
    await expect(step.run({}, await device.hold({ a: scalar(1) }))).rejects.toThrow(
      `run: the state's "a" is float32[], the program expects float32[1]`,
    );
  });

  test('cannot gain a leaf or change the shape of one', async () => {
    const compile = (next: (a: Leaves['a']) => Record<string, Leaves['a']>) =>
      device.compileStep(
        (_, { a }) => ({ outputs: {}, state: next(a as Leaves['a']) }),
        {},
        { a: spec([2]) },
      );
    await expect(compile((a) => ({ c: a }))).rejects.toThrow(
      'the next state has "c", the state has no such leaf',
    );
    await expect(compile((a) => ({ a: sum(a) }))).rejects.toThrow(
      '"a" is float32[2] and its next value is float32[]',
    );
  });

  test('takes arrays that are read when their turn comes, converts floats and leaves integers', async () => {
    const lazy = (array: NdArray) => ({ ...array, read: async () => array });
    const whole = Float32Array.of(9, 1, 2, 9);
    const part: NdArray = { dtype: 'float32', shape: [2], data: whole.subarray(1, 3) };
    const tree = { half: lazy(full([2], 1.5, 'float16')), part: lazy(part), ids: lazy(range(3, 'int64')) };
    const state = await device.holdLazily(tree, { dtype: 'float32' });
    const read = new Map(flatten<NdArray>(await state.read()));
    expect([...read].map(([path, { dtype, data }]) => [path, dtype, ...data])).toEqual([
      ['half', 'float32', 1.5, 1.5],
      ['part', 'float32', 1, 2],
      ['ids', 'int64', 0n, 1n, 2n],
    ]);
    expect([...whole]).toEqual([9, 1, 2, 9]);
  });

  test('of which a part cannot be held leaves nothing on the device', async () => {
    const tree = { a: scalar(1), b: { ...spec([]), read: async () => scalar(2) } };
    expect(await leftBehind(device, () => device.holdLazily(tree))).toEqual([]);
  });

  test('is refused when it was disposed, and on another device', async () => {
    const step = await device.compileStep((_, { a }) => ({ outputs: a, state: {} }), {}, { a: spec([]) });
    const state = await device.hold({ a: scalar(1) });
    await state.dispose();
    await expect(step.run({}, state)).rejects.toThrow('The state was disposed; hold it again');
    await expect(state.read()).rejects.toThrow('The state was disposed; hold it again');
    const other = await openDevice('cpu');
    const elsewhere = await other.hold({ a: scalar(1) });
    await expect(step.run({}, elsewhere)).rejects.toThrow('the state is on another device than the program');
    await other.close();
  });
});

describe('states combined of leaves of others', () => {
  test('share them: what a step writes through one, the other has', async () => {
    const a = await device.hold({ x: scalar(1), y: scalar(2) });
    const b = await device.hold({ z: scalar(3) });
    const both = await device.combine({ first: a.references().x, rest: b.references() });
    const step = await device.compileStep(
      (_, { first, rest }) => ({ outputs: {}, state: { first: add(first, rest.z) } }),
      {},
      { first: spec([]), rest: { z: spec([]) } },
    );
    await step.run({}, both);
    await step.run({}, both);
    expect((await a.read()).x.data[0]).toBe(7);
    expect(flatten<NdArray>(await both.read()).map(([path, { data }]) => [path, data[0]])).toEqual([
      ['first', 7],
      ['rest.z', 3],
    ]);
  });

  test('keep a leaf alive until the last of them is disposed', async () => {
    const a = await device.hold({ x: full([1000], 5) });
    const both = await device.combine({ kept: a.references().x });
    await a.dispose();
    expect(flatten<NdArray>(await both.read())[0]![1].data[999]).toBe(5);
    await expect(device.combine({ again: a.references().x })).rejects.toThrow('The state was disposed');
    await both.dispose();
  });

  test('are of one device', async () => {
    const other = await openDevice('cpu');
    const a = await other.hold({ x: scalar(1) });
    await expect(device.combine(a.references())).rejects.toThrow(
      `combine: "x" is a leaf of another device's state`,
    );
    await other.close();
  });

  test('give a leaf to the host when it is asked for', async () => {
    const a = await device.hold({ list: [scalar(1), scalar(2)] });
    expect((await a.sources().list[1]!.read()).data[0]).toBe(2);
  });
});
