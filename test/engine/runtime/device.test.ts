import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Device,
  fromNested,
  full,
  listDevices,
  matmul,
  multiply,
  openDevice,
  spec,
  sum,
} from '../../../src/engine/index.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

describe('a device', () => {
  test('is listed, the CPU first', () => {
    expect(listDevices()[0]).toBe('cpu');
  });

  test.each([
    [
      'quantum',
      /Device "quantum" is not a device; this installation has code for cpu.*\(auto takes what works\)/,
    ],
    ['coreml', /Device "coreml" is not part of this ONNX Runtime; this installation has code for cpu/],
  ])('called %s is refused with a list of what there is', async (name, message) => {
    await expect(openDevice(name as 'cpu')).rejects.toThrow(message);
  });

  test('refuses a number of threads that is none', async () => {
    await expect(openDevice('cpu', { threads: 1.5 })).rejects.toThrow(/whole number ≥ 1, got 1.5/);
  });

  test('refuses a cache without room', async () => {
    await expect(openDevice('cpu', { maximumSessions: 0 })).rejects.toThrow(/whole number ≥ 1, got 0/);
  });

  test('refuses work once it is closed', async () => {
    const other = await openDevice('cpu');
    const program = await other.compile((x) => multiply(x, 2), spec([2]));
    await other.close();
    await expect(program.run(fromNested([1, 2]))).rejects.toThrow(
      'The cpu device cannot be used: it was closed',
    );
    await program.dispose(); // there is nothing left to free
  });

  test('finishes the run under way when it is closed, and refuses what waits behind it', async () => {
    const other = await openDevice('cpu');
    const size = 1500;
    const program = await other.compile((x) => sum(matmul(matmul(x, x), x)), spec([size, size]));
    const x = full([size, size], 1 / size);
    const [first, second] = [program.run(x), program.run(x)];
    const refused = expect(second).rejects.toThrow('it was closed');
    await new Promise((resolve) => setTimeout(resolve, 20));
    await other.close();
    await refused;
    expect((await first).data[0]).toBeCloseTo(size, 0);
  });

  test('leaves the event loop free during a run of seconds', async () => {
    const size = 1800;
    const program = await device.compile(
      (x) => {
        let y = x;
        for (let i = 0; i < 30; i++) y = multiply(matmul(y, x), 1 / size);
        return sum(y);
      },
      spec([size, size]),
      { threads: 1 },
    );
    const x = { dtype: 'float32', shape: [size, size], data: new Float32Array(size * size).fill(1) } as const;
    let ticks = 0;
    let longestGap = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      longestGap = Math.max(longestGap, now - last);
      last = now;
      ticks++;
    }, 50);
    const start = performance.now();
    await program.run(x);
    const seconds = (performance.now() - start) / 1000;
    clearInterval(timer);
    await program.dispose();
    expect(seconds).toBeGreaterThan(1);
    // A blocked loop would not tick at all; a busy machine may drop half of the ticks.
    expect(ticks).toBeGreaterThan((seconds * 20) / 2);
    expect(longestGap).toBeLessThan(1000);
  });
});
