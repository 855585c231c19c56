import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  absolute,
  add,
  attention,
  contrastiveLoss,
  convolution,
  type Device,
  flatten,
  gather,
  gelu,
  gradient,
  groupNorm,
  layerNorm,
  linear,
  matmul,
  maxPool,
  mean,
  minimize,
  multiply,
  type NdArray,
  ndArray,
  normal,
  openDevice,
  type Problem,
  quickGelu,
  randomKey,
  reshape,
  resizeBilinear,
  resizeNearest,
  resultOf,
  silu,
  spec,
  subtract,
  sum,
  type Tensor,
  type TensorSpec,
  type Tree,
  toNumbers,
  transpose,
  upsampleNearest,
} from '../../../src/engine/index.ts';
import { regression, regressionBatch } from '../training/regression.ts';

let cpu: Device;
let gpu: Device;
beforeAll(async () => {
  cpu = await openDevice('cpu');
  gpu = await openDevice('webgpu');
});
afterAll(async () => {
  await cpu.close();
  await gpu.close();
});

type Inputs = Readonly<Record<'x' | 'y' | 'kernel' | 'scale' | 'table', Tensor>>;

const shapes = { x: [2, 8, 6, 6], y: [2, 8, 6, 6], kernel: [8, 8, 3, 3], scale: [8], table: [7, 8] };
const inputs = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], seed) => [name, normal(randomKey(seed), shape)]),
) as Record<keyof Inputs, NdArray>;
const indices = ndArray('int32', [5], Int32Array.of(3, 0, 3, 6, 3));

const tokens = (x: Tensor) => transpose(reshape(x, [2, 8, 36]), [0, 2, 1]);

/** Everything that the networks are made of, as scalars' gradients too. */
const programs: Readonly<Record<string, (inputs: Inputs, indices: Tensor) => Tensor>> = {
  'arithmetic that broadcasts': ({ x, scale }) => add(multiply(x, reshape(scale, [8, 1, 1])), 1),
  'an absolute error': ({ x, y }) => absolute(subtract(x, y)),
  'products of transposed stacks': ({ x, y }) => matmul(tokens(x), tokens(y), { transposeA: true }),
  'a linear layer': ({ x, table }) => linear(tokens(x), { weight: table }),
  'a convolution': ({ x, kernel }) => convolution(x, kernel, { padding: 1 }),
  'a convolution with a stride': ({ x, kernel }) =>
    convolution(x, kernel, { strides: 2, padding: [0, 0, 1, 1] }),
  'group norm and silu': ({ x, scale }) => silu(groupNorm(x, 4, { weight: scale, bias: scale })),
  'layer norm and gelu': ({ x, scale }) => gelu(layerNorm(tokens(x), { weight: scale, bias: scale })),
  'attention in blocks': ({ x, y }) =>
    attention(tokens(x), tokens(y), quickGelu(tokens(x)), { blockSize: 400 }),
  'an embedding': ({ table }, indices) => gather(table, indices),
  'max pooling': ({ x }) => maxPool(x, { window: 3, strides: 2 }),
  resizing: ({ x }) => add(resizeBilinear(upsampleNearest(x, 2), [5, 7]), resizeNearest(x, [5, 7])),
  'a contrastive loss': ({ table }) => contrastiveLoss(matmul(table, table, { transposeB: true })),
};

describe('WebGPU agrees with the CPU', () => {
  test.each(Object.entries(programs))('in %s and its gradients', async (_, build) => {
    const specs = {
      values: Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, spec(shape)])),
      indices: spec([5], 'int32'),
    };
    const [onCpu, onGpu] = await Promise.all(
      [cpu, gpu].map(async (device) => {
        const program = await device.compile(({ values, indices }) => {
          const result = build(values as unknown as Inputs, indices as Tensor);
          const loss = mean(multiply(multiply(result, result), result));
          return { result, gradients: gradient(loss, values as unknown as Inputs) };
        }, specs);
        return program.run({ values: inputs, indices });
      }),
    );
    const expected = new Map(flatten<NdArray>(onCpu as Tree<NdArray>));
    for (const [path, array] of flatten<NdArray>(onGpu as Tree<NdArray>)) {
      const [found, wanted] = [toNumbers(array), toNumbers(expected.get(path)!)];
      const largest = Math.max(1e-6, ...Array.from(wanted, Math.abs));
      const error = Math.max(0, ...Array.from(wanted, (value, i) => Math.abs(value - found[i]!)));
      expect(error / largest, path).toBeLessThan(1e-4);
    }
  });

  test('in a minimization whose state stays on the device', async () => {
    const runs = [cpu, gpu].map(async (device) => {
      const problem = {
        ...regression,
        learningRate: 1e-2,
        clipNorm: 1,
        averageDecay: 0.9,
        batchesPerStep: 2,
      };
      const events = minimize(device, problem as unknown as Problem<Tree<NdArray>, Tree<TensorSpec>>, {
        steps: 20,
        batch: regressionBatch,
      });
      const result = await resultOf(events);
      return new Map(flatten<NdArray>(await result.save()));
    });
    const [onCpu, onGpu] = await Promise.all(runs);
    for (const [path, array] of onCpu!) {
      const found = toNumbers(onGpu!.get(path)!);
      for (const [i, value] of toNumbers(array).entries()) expect(found[i]).toBeCloseTo(value, 3);
    }
  });

  test('about a state that is read, replaced and released many times', async () => {
    const step = await gpu.compileStep(
      ({ x }, { total }) => ({ outputs: sum(total), state: { total: add(total, x) } }),
      { x: spec([4, 8]) },
      { total: spec([4, 8]) },
    );
    for (let round = 0; round < 5; round++) {
      const state = await gpu.hold({
        total: normal(randomKey(round), [4, 8]),
        other: normal(randomKey(1), [3]),
      });
      const x = normal(randomKey(9), [4, 8]);
      for (let i = 0; i < 3; i++) await step.run({ x }, state);
      const { total, other } = await state.read();
      const start = normal(randomKey(round), [4, 8]).data;
      expect(total.data[7]).toBeCloseTo(start[7]! + 3 * x.data[7]!, 4);
      expect(other.data).toEqual(normal(randomKey(1), [3]).data);
      await state.dispose();
    }
  });
});
