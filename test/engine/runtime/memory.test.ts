import { expect, test } from 'vitest';
import { add, full, multiply, openDevice, spec, sum } from '../../../src/engine/index.ts';

/** What the process may grow by over a thousand runs that together move 16 GB. */
const allowedGrowth = 150 * 2 ** 20;

test('a thousand runs of a program and of a step leave the memory of the process as it was', async () => {
  const device = await openDevice('cpu');
  const shape = [1024, 1024]; // 4 MiB in, 4 MiB out, and 4 MiB of state
  const program = await device.compile((x) => multiply(x, 2), spec(shape));
  const step = await device.compileStep(
    ({ x }, { total }) => ({ outputs: sum(total), state: { total: add(total, x) } }),
    { x: spec(shape) },
    { total: spec(shape) },
  );
  const state = await device.hold({ total: full(shape, 0) });
  const x = full(shape, 1);
  const runs = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await program.run(x);
      await step.run({ x }, state);
    }
  };
  await runs(100);
  const before = process.memoryUsage().rss;
  await runs(1000);
  const growth = process.memoryUsage().rss - before;
  await device.close();
  expect(growth).toBeLessThan(allowedGrowth);
});
