import { type Device, matmul, normal, randomKey } from '../../src/engine/index.ts';
import { type Figure, speed, timeOnDevice } from '../measure.ts';

/** The speed of one large product of square matrices, which everything else is a share of. */
export async function measureSgemmPeak(device: Device): Promise<Figure> {
  const size = 2048;
  const inputs = { a: normal(randomKey(1), [size, size]), b: normal(randomKey(2), [size, size]) };
  const times = await timeOnDevice(device, ({ a, b }) => matmul(a!, b!), inputs, 15);
  return speed(`matrix product, ${size} × ${size} × ${size}: the sgemm peak`, 2 * size ** 3, times);
}
