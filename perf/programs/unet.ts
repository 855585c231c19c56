/**
 * Runs a UNet of Stable Diffusion 1.5's size with random weights and prints seconds a run and the peak memory of
 * the process as JSON. Arguments: what is computed (forward, all, cross-attention), batch size, repetitions,
 * memory (pooled, returned).
 */
import {
  flatten,
  gradient,
  meanSquaredError,
  ndArray,
  normal,
  openDevice,
  randomKey,
  sizeOf,
  spec,
  type Tensor,
  type TensorSpec,
  type Tree,
  trace,
  unflatten,
  zeros,
} from '../../src/engine/index.ts';
import { parseUnetConfig, unet, unetParameterSpecs } from '../../src/networks/unet/index.ts';
import { countOperations } from '../count-operations.ts';

const [what, batch, repetitions] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const config = parseUnetConfig({
  act_fn: 'silu',
  attention_head_dim: 8,
  block_out_channels: [320, 640, 1280, 1280],
  cross_attention_dim: 768,
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  in_channels: 4,
  out_channels: 4,
  layers_per_block: 2,
  sample_size: 64,
});
const weights = new Map(flatten<TensorSpec>(unetParameterSpecs(config) as Tree<TensorSpec>));
const noise = normal(randomKey(1), [2 ** 20]).data;

/** Random weights of a sensible size: a block of noise, repeated. */
const lazily = (path: string, { shape }: TensorSpec) => ({
  dtype: 'float32' as const,
  shape,
  read: async () => {
    const fanIn = shape.length > 1 ? sizeOf(shape.slice(1)) : 1;
    const [scale, offset] =
      path.endsWith('weight') && shape.length === 1 ? [0.1, 1] : [fanIn ** -0.5 * 0.5, 0];
    const data = new Float32Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = offset + scale * noise[(i * 7) & 0xfffff]!;
    return ndArray('float32', shape, data);
  },
});

const isTrained = (path: string) =>
  what === 'all' || (what === 'cross-attention' && /attn2\.to_[kv]\.weight$/.test(path));
const trained = [...weights].filter(([path]) => isTrained(path));

const device = await openDevice('cpu');
const start = performance.now();
const gradients = unflatten(
  trained.map(([path, { shape }]) => [path, { ...spec(shape), read: async () => zeros(shape) }] as const),
);
const sources = unflatten([...weights].map(([path, leaf]) => [path, lazily(path, leaf)] as const));
const state = await device.holdLazily({ weights: sources, gradients });
const loaded = performance.now();

const build = (
  {
    sample,
    timestep,
    encoderHiddenStates,
  }: Readonly<Record<'sample' | 'timestep' | 'encoderHiddenStates', Tensor>>,
  { weights }: { readonly weights: Tree<Tensor> },
): { readonly outputs: Tensor; readonly state: Tree<Tensor> } => {
  const activations = what === 'forward' ? 'keep' : 'recompute';
  const prediction = unet(weights, config, { sample, timestep, encoderHiddenStates, activations });
  if (what === 'forward') return { outputs: prediction, state: {} };
  const loss = meanSquaredError(prediction, sample);
  const found = unflatten(flatten<Tensor>(weights).filter(([path]) => isTrained(path)));
  return { outputs: loss, state: { gradients: gradient(loss, found) as Tree<Tensor> } };
};
const specs = {
  sample: spec([batch, 4, 64, 64]),
  timestep: spec([batch]),
  encoderHiddenStates: spec([batch, 77, 768]),
};
const stateSpecs = {
  weights: unflatten([...weights].map(([path, { shape }]) => [path, spec(shape)] as const)),
  gradients: unflatten(trained.map(([path, { shape }]) => [path, spec(shape)] as const)),
};
const graph = trace(
  ({ specs, stateSpecs }) => {
    const { outputs, state } = build(specs as never, stateSpecs as never);
    return { outputs, state };
  },
  { specs, stateSpecs: stateSpecs as Tree<TensorSpec> },
);
const operations = countOperations(graph.outputs.map(([, tensor]) => tensor));
const beforeCompile = performance.now();
const program = await device.compileStep(
  (inputs, state) => build(inputs, state as { readonly weights: Tree<Tensor> }),
  specs,
  stateSpecs,
  { memory: process.argv[5] === 'pooled' ? 'pooled' : 'returned' },
);
const compiled = performance.now();
const inputs = {
  sample: normal(randomKey(2), [batch, 4, 64, 64]),
  timestep: ndArray('float32', [batch], new Float32Array(batch).fill(500)),
  encoderHiddenStates: normal(randomKey(3), [batch, 77, 768]),
};
const seconds: number[] = [];
let finite = true;
for (let i = 0; i < repetitions; i++) {
  const begin = performance.now();
  const result = await program.run(inputs, state);
  seconds.push((performance.now() - begin) / 1000);
  finite &&= (result.data as Float32Array).every(Number.isFinite);
}
const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
const result = {
  seconds,
  peakMiB,
  operations,
  loadSeconds: (loaded - start) / 1000,
  compileSeconds: (compiled - beforeCompile) / 1000,
  finite,
};
console.log(JSON.stringify(result));
await device.close();
