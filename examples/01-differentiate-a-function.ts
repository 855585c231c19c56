// A function over tensors is traced, differentiated and compiled; then it runs on data.
import { fromNested, gradient, mean, multiply, openDevice, spec, tanh } from '../src/engine/index.ts';

const device = await openDevice('cpu');

const program = await device.compile(
  ({ x }) => {
    const loss = mean(multiply(tanh(x), x)); // mean of x · tanh x
    return { loss, slope: gradient(loss, x) };
  },
  { x: spec([4]) },
);

const { loss, slope } = await program.run({ x: fromNested([-2, -0.5, 0.5, 2]) });
console.log('loss ', loss.data[0]); // 1.0795…
console.log('slope', slope.data); // -0.276, -0.214, 0.214, 0.276

await device.close();
