import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fromNested,
  integers,
  type NdArray,
  normal,
  randomKey,
  scalar,
  toNumbers,
} from '../../../src/engine/arrays/index.ts';
import { gradient } from '../../../src/engine/autodiff/index.ts';
import {
  add,
  constant,
  evaluate,
  gather,
  input,
  multiply,
  scatterAdd,
  spec,
  sum,
  type Tensor,
  tanh,
} from '../../../src/engine/graph/index.ts';
import { type Device, openDevice } from '../../../src/engine/runtime/index.ts';
import { relativeError } from '../conformance/conformance.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

/** Compared as text: comparing a million numbers one by one is slow. */
const bytes = ({ data }: Pick<NdArray, 'data'>) =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');

describe('large constants', () => {
  const weights = [1, 2].map((seed) => normal(randomKey(seed), [512, 1024])); // 2 MiB each

  it('of two programs reach ONNX Runtime whole, each its own', async () => {
    const programs = await Promise.all(
      weights.map((value) => device.compile((x) => multiply(constant(value), x), spec([]))),
    );
    for (const [index, program] of programs.entries()) {
      const doubled = weights[index]!.data.map((value) => 2 * value);
      expect(bytes(await program.run(scalar(2))) === bytes({ data: doubled })).toBe(true);
    }
    await programs[0]!.dispose();
    const negated = weights[1]!.data.map((value) => -value);
    expect(bytes(await programs[1]!.run(scalar(-1))) === bytes({ data: negated })).toBe(true);
  });

  it('may be several in one program, also without prepacking', async () => {
    const program = await device.compile(
      (x) => add(multiply(constant(weights[0]!), x), constant(weights[1]!)),
      spec([]),
      { prepack: false },
    );
    const expected = weights[0]!.data.map((value, i) => value + weights[1]!.data[i]!);
    expect(bytes(await program.run(scalar(1))) === bytes({ data: expected })).toBe(true);
  });
});

describe('scatterAdd of many updates to few rows', () => {
  const [updates, rows] = [normal(randomKey(3), [10_000, 5]), integers(randomKey(4), [10_000], 0, 7)];

  it('is right, and bit for bit the same in twenty runs', async () => {
    const build = ({ updates, rows }: { readonly updates: Tensor; readonly rows: Tensor }) =>
      scatterAdd(updates, rows, 7);
    const specs = { updates: spec([10_000, 5]), rows: spec([10_000], 'int32') };
    const program = await device.compile(build, specs);
    const results = [];
    for (let run = 0; run < 20; run++) results.push(await program.run({ updates, rows }));
    expect(new Set(results.map(bytes)).size).toBe(1);
    const inputs = { updates: input('updates', specs.updates), rows: input('rows', specs.rows) };
    const feeds = new Map<Tensor, NdArray>([
      [inputs.updates, updates],
      [inputs.rows, rows],
    ]);
    const [expected] = evaluate([build(inputs)], feeds);
    expect(relativeError(toNumbers(results[0]!), toNumbers(expected!))).toBeLessThan(1e-5);
  });

  it('is the gradient of an embedding whose rows repeat', async () => {
    const build = ({ table, rows }: { readonly table: Tensor; readonly rows: Tensor }) =>
      gradient(sum(gather(table, rows)), table);
    const program = await device.compile(build, { table: spec([7, 2]), rows: spec([10_000], 'int32') });
    const counts = new Array<number>(7).fill(0);
    for (const row of rows.data) counts[row]!++;
    const slope = await program.run({ table: normal(randomKey(5), [7, 2]), rows });
    expect([...slope.data]).toEqual(counts.flatMap((count) => [count, count]));
  });
});

describe('deep programs', () => {
  it('of 2,000 operations and their gradient compile and run', async () => {
    const program = await device.compile(
      (x) => {
        let y: Tensor = x;
        for (let i = 0; i < 1000; i++) y = tanh(add(y, 0.01));
        return gradient(sum(y), x);
      },
      spec([2]),
    );
    const slope = await program.run(fromNested([0.1, -0.1]));
    expect(slope.data.every((value) => value > 0 && value < 1)).toBe(true);
  });
});
