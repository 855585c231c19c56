import {
  type Device,
  flatten,
  fold,
  mapTree,
  type NdArray,
  normal,
  randomKey,
  type Shape,
  spec,
  type Tensor,
  type TensorSpec,
  type Tree,
} from '../../../src/engine/index.ts';
import { initializeUnet, parseUnetConfig, type UnetInput } from '../../../src/networks/unet/index.ts';

/** config.json of a UNet of two resolutions with about 20,000 parameters. */
export const tinyJson = {
  _class_name: 'UNet2DConditionModel',
  block_out_channels: [8, 16],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  layers_per_block: 1,
  attention_head_dim: 2,
  cross_attention_dim: 6,
  norm_num_groups: 4,
} as const;

export const tinyConfig = parseUnetConfig(tinyJson);

export const tinyParameters = initializeUnet(randomKey(1), tinyConfig);

export type Arrays = Readonly<Record<string, NdArray>>;

/** Latents, a timestep and a text; the label makes them different. */
export function tinyInputs(label: string, size: readonly [number, number] = [8, 8], batch = 1): Arrays {
  const key = fold(randomKey(2), label);
  const values = (name: string, shape: Shape) => normal(fold(key, name), shape);
  return {
    sample: values('sample', [batch, 4, ...size]),
    timestep: { dtype: 'float32', shape: [batch], data: new Float32Array(batch).fill(321) },
    encoderHiddenStates: values('text', [batch, 5, 6]),
  };
}

/** Compiles and runs a function of parameters and inputs; the outputs by their paths. */
export async function run(
  device: Device,
  build: (parameters: Tree<Tensor>, inputs: UnetInput & Readonly<Record<string, Tensor>>) => Tree<Tensor>,
  inputs: Arrays,
  parameters: Tree<NdArray> = tinyParameters,
): Promise<Arrays> {
  const fed: Tree<NdArray> = { parameters, inputs };
  const specs = mapTree<Tree<NdArray>, NdArray, TensorSpec>(fed, ({ shape, dtype }) => spec(shape, dtype));
  const program = await device.compile(
    (tensors: Tree<Tensor>) => {
      const parts = tensors as {
        parameters: Tree<Tensor>;
        inputs: UnetInput & Readonly<Record<string, Tensor>>;
      };
      return build(parts.parameters, parts.inputs);
    },
    specs as Tree<TensorSpec>,
  );
  const outputs = await program.run(fed);
  await program.dispose();
  return Object.fromEntries(flatten<NdArray>(outputs));
}

export function largestDifference(a: NdArray, b: NdArray): number {
  const other = b.data as Float32Array;
  if (a.data.length !== other.length) return Number.POSITIVE_INFINITY;
  return (a.data as Float32Array).reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0);
}
