// Two linear layers learn the product of two numbers from random examples.
import {
  fold,
  linear,
  meanSquaredError,
  minimize,
  multiply,
  type NdArray,
  normal,
  openDevice,
  randomKey,
  silu,
  slice,
  spec,
  type Tensor,
  zeros,
} from '../src/engine/index.ts';

type Weights = { hidden: { weight: Tensor; bias: Tensor }; out: { weight: Tensor } };
const key = randomKey(1);
const variables = {
  hidden: { weight: normal(fold(key, 'hidden'), [32, 2]) as NdArray, bias: zeros([32]) as NdArray },
  out: { weight: normal(fold(key, 'out'), [1, 32]) as NdArray },
};
const loss = ({ hidden, out }: Weights, { x }: { x: Tensor }) => {
  const product = multiply(slice(x, { axis: 1, end: 1 }), slice(x, { axis: 1, start: 1 }));
  return meanSquaredError(linear(silu(linear(x, hidden)), out), product);
};

const device = await openDevice('cpu');
const batch = (step: number) => ({ x: normal(fold(key, step), [64, 2]) });
const problem = { variables, batch: { x: spec([64, 2]) }, loss, learningRate: 0.01 };
for await (const { step, loss } of minimize(device, problem, { steps: 300, batch })) {
  if (step % 50 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
}
await device.close();
