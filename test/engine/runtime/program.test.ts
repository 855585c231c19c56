import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  add,
  constant,
  type Device,
  fromNested,
  full,
  matmul,
  multiply,
  normal,
  openDevice,
  randomKey,
  range,
  reshape,
  scalar,
  spec,
  sum,
  type Tensor,
  tanh,
} from '../../../src/engine/index.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu', { maximumSessions: 3 });
});
afterAll(() => device.close());

describe('a program', () => {
  test('returns results in the form in which the function gave them', async () => {
    const program = await device.compile(({ a, b }) => ({ total: [add(a, b), multiply(a, b)] as const }), {
      a: spec([2]),
      b: spec([2]),
    });
    const { total } = await program.run({ a: fromNested([1, 2]), b: fromNested([3, 4]) });
    expect([...total[0].data]).toEqual([4, 6]);
    expect([...total[1].data]).toEqual([3, 8]);
  });

  test('may hand out an input, a constant and one value twice', async () => {
    const program = await device.compile((x) => ({ x, again: x, fixed: constant(range(3)) }), spec([2]));
    const result = await program.run(fromNested([5, 6]));
    expect([result.x, result.again, result.fixed].map(({ data }) => [...data])).toEqual([
      [5, 6],
      [5, 6],
      [0, 1, 2],
    ]);
  });

  test('takes inputs that nothing depends on', async () => {
    const program = await device.compile(({ x }) => x, { x: spec([1]), unused: spec([3]) });
    expect([...(await program.run({ x: fromNested([7]), unused: fromNested([1, 2, 3]) })).data]).toEqual([7]);
  });

  test('leaves what it was given to the caller, also where it is part of a larger array', async () => {
    const whole = Float32Array.of(0, 1, 2, 3, 4, 5);
    const program = await device.compile((x) => multiply(x, 10), spec([2]));
    const result = await program.run({ dtype: 'float32', shape: [2], data: whole.subarray(2, 4) });
    expect([...result.data]).toEqual([20, 30]);
    expect([...whole]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('gives the same bits whatever happens to the memory in between', async () => {
    const build = (x: Tensor) => tanh(matmul(matmul(x, x), x));
    const x = normal(randomKey(2), [64, 64]);
    const [pooled, returned] = await Promise.all(
      (['pooled', 'returned'] as const).map(async (memory) => {
        const program = await device.compile(build, spec([64, 64]), { memory });
        await program.run(x);
        return program.run(x);
      }),
    );
    expect(returned).toEqual(pooled);
  });

  const pair = { x: spec([2, 2]), y: spec([2]) };
  test.each([
    ['missing', { x: full([2, 2], 1) }, 'run: the input "y" (float32[2]) is missing'],
    [
      'of another shape',
      { x: full([2, 3], 1), y: full([2], 1) },
      'run: the input "x" is float32[2, 2], got float32[2, 3]',
    ],
    [
      'of another dtype',
      { x: full([2, 2], 1), y: full([2], 1, 'int32') },
      'run: the input "y" is float32[2], got int32[2]',
    ],
    [
      'unknown',
      { x: full([2, 2], 1), y: full([2], 1), z: scalar(1) },
      'run: the program has no input "z"; it has "x", "y"',
    ],
  ])('refuses an input that is %s', async (_, inputs, message) => {
    const program = await device.compile(({ x, y }) => add(x, y), pair);
    await expect(program.run(inputs as never)).rejects.toThrow(message);
  });

  test('refuses to run when it was disposed; disposing twice is harmless', async () => {
    const program = await device.compile((x) => tanh(x), spec([1]));
    await program.dispose();
    await program.dispose();
    await expect(program.run(fromNested([1]))).rejects.toThrow(
      'run: the program was disposed; compile it again',
    );
  });

  test('that equals another one still runs when the other is disposed', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(() => device.compile((x) => multiply(x, 3), spec([1]))),
    );
    await one!.dispose();
    expect([...(await other!.run(fromNested([2]))).data]).toEqual([6]);
  });

  test('is made again when the cache of native sessions had to drop it', async () => {
    const programs = await Promise.all(
      [1, 2, 3, 4, 5].map((n) => device.compile((x) => add(x, n), spec([1]))),
    );
    for (const [index, program] of programs.entries()) {
      expect((await program.run(fromNested([0]))).data[0]).toBe(index + 1);
    }
  });

  test('that is cancelled before its turn does not run', async () => {
    const size = 800;
    const slow = await device.compile((x) => sum(matmul(matmul(x, x), x)), spec([size, size]));
    const controller = new AbortController();
    const x = full([size, size], 2 ** -9);
    const first = slow.run(x);
    const second = slow.run(x, { signal: controller.signal });
    const refused = expect(second).rejects.toThrow('changed my mind');
    controller.abort(new Error('changed my mind'));
    await refused;
    expect((await first).data[0]).toBeCloseTo(size ** 4 * 2 ** -27, -1);
  });

  test('uses constants beyond the size of a message from a file, in place', async () => {
    const weight = normal(randomKey(1), [600, 900]);
    for (const prepack of [true, false]) {
      const program = await device.compile((x) => matmul(x, constant(weight)), spec([1, 600]), { prepack });
      const [row] = [await program.run(full([1, 600], 1))];
      const expected = Array.from({ length: 600 }, (_, i) => weight.data[i * 900 + 5]!).reduce(
        (a, b) => a + b,
      );
      expect(row!.data[5]).toBeCloseTo(expected, 3);
      await program.dispose();
    }
  });

  test.each([
    ['bfloat16', spec([2], 'bfloat16'), /"x" is bfloat16, which is for storage only; cast it/],
    ['a negative size', spec([-1]), /"x" has the shape \[-1\]; sizes are whole numbers ≥ 0/],
  ])('is not compiled for %s', async (_, x, message) => {
    await expect(device.compile(({ x }) => reshape(x, [-1]), { x })).rejects.toThrow(message);
  });

  test('is not compiled for a fraction of a thread', async () => {
    await expect(device.compile((x) => x, spec([1]), { threads: 0.5 })).rejects.toThrow(
      /whole number ≥ 1, got 0.5/,
    );
  });
});
