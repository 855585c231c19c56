// Two linear layers learn the product of two numbers from random examples.
import * as ds from '../src/engine/index.ts';

const key = ds.randomKey(1);
const variables = {
  hidden: { weight: ds.normal(ds.fold(key, 'hidden'), [32, 2]), bias: ds.zeros([32]) },
  out: { weight: ds.normal(ds.fold(key, 'out'), [1, 32]) },
};
const batch = (step: number) => ({ x: ds.normal(ds.fold(key, step), [64, 2]) });

const device = await ds.openDevice('cpu');
const problem = {
  variables,
  batch: { x: ds.spec([64, 2]) },
  loss: ({ hidden, out }: ds.Tensors<typeof variables>, { x }: { x: ds.Tensor }) => {
    const product = ds.multiply(ds.slice(x, { axis: 1, end: 1 }), ds.slice(x, { axis: 1, start: 1 }));
    return ds.meanSquaredError(ds.linear(ds.silu(ds.linear(x, hidden)), out), product);
  },
  learningRate: 0.01,
};
for await (const { step, loss } of ds.minimize(device, problem, { steps: 300, batch })) {
  if (step % 50 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
}
await device.close();
