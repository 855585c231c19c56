/** Prints how many MiB the process had at its peak beyond what it had before it computed attention and its gradients. */
import {
  attention,
  gradient,
  normal,
  openDevice,
  randomKey,
  spec,
  sum,
  zeros,
} from '../../src/engine/index.ts';

const blockSize = Number(process.argv[2]);
const shape = [8, 4096, 40];
const device = await openDevice('cpu');
const state = await device.hold({
  inputs: { q: normal(randomKey(1), shape), k: zeros(shape), v: zeros(shape) },
});
const specs = { inputs: { q: spec(shape), k: spec(shape), v: spec(shape) } };
const program = await device.compileStep(
  (_, { inputs }) => {
    const options = { blockSize, probabilities: blockSize > 2 ** 26 ? 'keep' : 'recompute' } as const;
    const loss = sum(attention(inputs.q, inputs.k, inputs.v, options));
    return { outputs: { loss }, state: { inputs: gradient(loss, inputs) } };
  },
  {},
  specs,
);
const before = process.memoryUsage().rss;
await program.run({}, state);
console.log(Math.round(process.resourceUsage().maxRSS / 1024 - before / 2 ** 20));
await device.close();
