import { add, normal, randomKey, tanh } from '../../src/engine/index.ts';
import { type Measure, type Tensors, timeOnDevice } from '../measure.ts';

/** What a graph of 3,000 small nodes costs beyond its arithmetic. */
export const overhead: Measure = async function* ({ device }) {
  const nodes = 3000;
  const x = normal(randomKey(1), [4, 4]);
  const chain = ({ x }: Tensors) => {
    let y = x!;
    for (let i = 0; i < nodes / 2; i++) y = tanh(add(y, x!));
    return y;
  };
  const start = performance.now();
  const program = await device.compile(chain as never, { x: { dtype: 'float32', shape: [4, 4] } });
  yield { name: `tracing and compiling ${nodes} nodes`, value: performance.now() - start, unit: 'ms' };
  await program.dispose();
  const times = await timeOnDevice(device, chain, { x }, 50);
  const perNode = (milliseconds: number) => (1000 * milliseconds) / nodes;
  yield {
    name: `running ${nodes} nodes, each`,
    value: perNode(times.median),
    unit: 'µs',
    spread: [perNode(times.smallest), perNode(times.largest)],
  };
};
