import { type Device, matmul, normal, randomKey, spec } from '../../src/engine/index.ts';

/** Side of the matrices. */
export const sgemmSize = 2048;

/** A program whose every run gives the speed of one large product of square matrices, GFLOP/s. */
export async function prepareSgemm(device: Device): Promise<() => Promise<number>> {
  const shape = spec([sgemmSize, sgemmSize]);
  const [a, b] = [1, 2].map((seed) => normal(randomKey(seed), [sgemmSize, sgemmSize]));
  const state = await device.hold({ a: a!, b: b!, product: a! });
  const program = await device.compileStep(
    (_, { a, b }) => ({ outputs: {}, state: { product: matmul(a, b) } }),
    {},
    { a: shape, b: shape, product: shape },
  );
  return async () => {
    const start = performance.now();
    await program.run({}, state);
    return (2 * sgemmSize ** 3) / (performance.now() - start) / 1e6;
  };
}
