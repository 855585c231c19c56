/** Prints by how many MiB the process grew at its peak while it computed attention and its gradients once. */
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
const peak = () => process.resourceUsage().maxRSS / 1024;
const before = peak();
await program.run({}, state);
console.log(Math.round(peak() - before));
await device.close();
