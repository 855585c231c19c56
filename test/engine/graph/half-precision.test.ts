import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NdArray, normal, randomKey, sameShape, toNumbers } from '../../../src/engine/arrays/index.ts';
import { gradient } from '../../../src/engine/autodiff/index.ts';
import {
  attention,
  cast,
  concatenate,
  constant,
  convolution,
  exp,
  gather,
  groupNorm,
  inHalfPrecision,
  linear,
  matmul,
  maxPool,
  mean,
  multiply,
  print,
  reshape,
  silu,
  spec,
  sum,
  type Tensor,
  topologicalOrder,
  trace,
} from '../../../src/engine/graph/index.ts';
import { type Device, openDevice } from '../../../src/engine/runtime/index.ts';
import { relativeError } from '../conformance/conformance.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
});
afterAll(() => device.close());

type Layer = { readonly weight: Tensor; readonly bias: Tensor };

const layer = (inputs: number, outputs: number) => ({
  weight: spec([outputs, inputs]),
  bias: spec([outputs]),
});
const mlpSpecs = { first: layer(8, 16), second: layer(16, 4), x: spec([5, 8]) };
type Mlp = { readonly first: Layer; readonly second: Layer; readonly x: Tensor };
const mlp = ({ first, second, x }: Mlp) => linear(silu(linear(x, first)), second);

const pictureSpecs = { x: spec([1, 8, 6, 6]), kernel: spec([8, 8, 3, 3]), scale: layer(1, 8) };
type Pictures = { readonly x: Tensor; readonly kernel: Tensor; readonly scale: Layer };
const pictures = ({ x, kernel, scale }: Pictures) => {
  const weight = reshape(scale.weight, [8]);
  const features = groupNorm(convolution(x, kernel, { padding: 1 }), 4, { weight, bias: scale.bias });
  const tokens = reshape(silu(features), [1, 8, 36]);
  return attention(tokens, tokens, tokens, { probabilities: 'recompute' });
};

const loss = (y: Tensor) => mean(multiply(y, y));

const largestError = (found: NdArray, expected: NdArray): number =>
  relativeError(toNumbers(found), toNumbers(expected));

describe('float16 compute', () => {
  it('agrees with float32 on an MLP and its gradient, within the precision of float16', async () => {
    const build = (tree: Mlp) => {
      const y = mlp(tree);
      return { y, slopes: gradient(loss(y), tree) };
    };
    const feeds = {
      first: { weight: normal(randomKey(1), [16, 8]), bias: normal(randomKey(2), [16]) },
      second: { weight: normal(randomKey(3), [4, 16]), bias: normal(randomKey(4), [4]) },
      x: normal(randomKey(5), [5, 8]),
    };
    const full = await (await device.compile(build, mlpSpecs)).run(feeds);
    const half = await (await device.compile(build, mlpSpecs, { compute: 'float16' })).run(feeds);
    const pairs = [
      [half.y, full.y],
      [half.slopes.first.weight, full.slopes.first.weight],
      [half.slopes.second.bias, full.slopes.second.bias],
      [half.slopes.x, full.slopes.x],
    ] as const;
    for (const [found, expected] of pairs) {
      expect(found.dtype).toBe('float32');
      expect(largestError(found, expected)).toBeLessThan(5e-3);
    }
  });

  it('agrees on convolution, group norm and attention', async () => {
    const build = (tree: Pictures) => {
      const y = pictures(tree);
      return { y, slopes: gradient(loss(y), tree) };
    };
    const feeds = {
      x: normal(randomKey(1), [1, 8, 6, 6]),
      kernel: normal(randomKey(2), [8, 8, 3, 3]),
      scale: { weight: normal(randomKey(3), [8, 1]), bias: normal(randomKey(4), [8]) },
    };
    const full = await (await device.compile(build, pictureSpecs)).run(feeds);
    const half = await (await device.compile(build, pictureSpecs, { compute: 'float16' })).run(feeds);
    expect(largestError(half.y, full.y)).toBeLessThan(2e-2);
    expect(largestError(half.slopes.kernel, full.slopes.kernel)).toBeLessThan(5e-2);
    expect(largestError(half.slopes.scale.weight, full.slopes.scale.weight)).toBeLessThan(5e-2);
  });
});

describe('float16 compute of max pooling', () => {
  // ONNX Runtime's CPU provider has float16 kernels for Pad and none for MaxPool: around it, it drops a rounding to
  // float16 that the other side keeps, and no place of a window equals the maximum any more.
  it.fails('has a gradient on the CPU', async () => {
    const build = ({ x, kernel }: { readonly x: Tensor; readonly kernel: Tensor }) =>
      gradient(loss(maxPool(convolution(x, kernel), { window: 2 })), kernel);
    const specs = { x: spec([1, 8, 6, 6]), kernel: spec([8, 8, 3, 3]) };
    const feeds = { x: normal(randomKey(1), [1, 8, 6, 6]), kernel: normal(randomKey(2), [8, 8, 3, 3]) };
    const full = await (await device.compile(build, specs)).run(feeds);
    const half = await (await device.compile(build, specs, { compute: 'float16' })).run(feeds);
    expect(largestError(half, full)).toBeLessThan(5e-2);
  });
});

describe('inHalfPrecision', () => {
  it('prints as the same program with its products in float16', () => {
    const graph = inHalfPrecision(trace((tree: Mlp) => mlp(tree), mlpSpecs));
    expect(print(graph)).toMatchInlineSnapshot(`
      "%first.weight float32[16, 8] = input
      %first.bias float32[16] = input
      %second.weight float32[4, 16] = input
      %second.bias float32[4] = input
      %x float32[5, 8] = input
      %0 float16[5, 8] = cast(%x) {dtype: float16}
      %1 float16[16, 8] = cast(%first.weight) {dtype: float16}
      %2 float16[5, 16] = matmul(%0, %1) {transposeA: false, transposeB: true}
      %3 float16[16] = cast(%first.bias) {dtype: float16}
      %4 float16[5, 16] = add(%2, %3)
      %5 float16[5, 16] = sigmoid(%4)
      %6 float16[5, 16] = multiply(%4, %5)
      %7 float16[4, 16] = cast(%second.weight) {dtype: float16}
      %8 float16[5, 4] = matmul(%6, %7) {transposeA: false, transposeB: true}
      %9 float16[4] = cast(%second.bias) {dtype: float16}
      %10 float16[5, 4] = add(%8, %9)
      %11 float32[5, 4] = cast(%10) {dtype: float32}
      return %11"
    `);
  });

  it('keeps the dtypes and shapes of inputs and outputs', () => {
    const graph = trace(
      ({ x, tokens }: { x: Tensor; tokens: Tensor }) => ({
        rows: gather(x, tokens),
        tokens,
        half: cast(linear(x, { weight: x }), 'float16'),
        total: sum(linear(x, { weight: x })),
      }),
      { x: spec([3, 3]), tokens: spec([2], 'int64') },
    );
    const half = inHalfPrecision(graph);
    expect(half.inputs).toBe(graph.inputs);
    half.outputs.forEach(([path, tensor], index) => {
      const [before, { dtype, shape }] = graph.outputs[index]!;
      expect([path, tensor.dtype]).toEqual([before, dtype]);
      expect(sameShape(tensor.shape, shape)).toBe(true);
    });
  });

  it('converts constants now, not at every run', () => {
    const weight = normal(randomKey(1), [4, 8]);
    const graph = inHalfPrecision(
      trace((x: Tensor) => linear(x, { weight: constant(weight) }), spec([2, 8])),
    );
    const order = topologicalOrder(graph.outputs.map(([, tensor]) => tensor));
    expect(order.filter(({ primitive }) => primitive === 'constant').map(String)).toEqual(['float16[4, 8]']);
    expect(order.filter(({ primitive }) => primitive === 'cast')).toHaveLength(2); // x, and the result
  });
});

describe('what is put side by side', () => {
  it.each<[string, (x: Tensor) => readonly [Tensor, Tensor], string]>([
    ['float16 where all of it is', (x) => [matmul(x, x), matmul(x, multiply(x, 2))], 'float16'],
    ['float32 where a part is', (x) => [matmul(x, x), exp(x)], 'float32'],
  ])('is %s', (_, parts, dtype) => {
    const graph = inHalfPrecision(trace((x: Tensor) => exp(concatenate(parts(x), 0)), spec([4, 4])));
    const joined = topologicalOrder(graph.outputs.map(([, output]) => output)).filter(
      ({ primitive }) => primitive === 'concatenate',
    );
    expect(joined.map((tensor) => tensor.dtype)).toEqual([dtype]);
  });
});
