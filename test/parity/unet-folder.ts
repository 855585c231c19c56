import {
  castArray,
  type Device,
  flatten,
  mapTree,
  type NdArray,
  type State,
  spec,
  type Tensor,
  type TensorSpec,
  type Tree,
  unflatten,
} from '../../src/engine/index.ts';
import { parseUnetConfig, type UnetConfig } from '../../src/networks/unet/index.ts';
import { read, readJson, readParameters } from './model-folder.ts';

/** A UNet of a diffusers folder, its parameters on a device. */
export interface LoadedUnet {
  readonly config: UnetConfig;
  readonly parameters: Tree<NdArray>;
  /** Runs a function of the parameters and of some inputs, compiled for their shapes. */
  run(build: UnetFunction, inputs: UnetArrays): Promise<ReadonlyMap<string, NdArray>>;
}

export type UnetFunction = (parameters: Tree<Tensor>, inputs: UnetTensors) => Tree<Tensor>;

export type UnetArrays = Readonly<Record<string, NdArray>>;
export type UnetTensors = Readonly<Record<string, Tensor>>;

/** Reads config.json and diffusion_pytorch_model.safetensors. */
export async function loadUnet(device: Device, folder: string): Promise<LoadedUnet> {
  const config = parseUnetConfig(readJson(folder, 'config.json'));
  const parameters = readParameters(folder, 'diffusion_pytorch_model.safetensors');
  const state = await device.hold(parameters);
  return {
    config,
    parameters,
    run: (build, inputs) => runWithState(device, state, build, inputs),
  };
}

async function runWithState(
  device: Device,
  state: State,
  build: UnetFunction,
  inputs: UnetArrays,
): Promise<ReadonlyMap<string, NdArray>> {
  const program = await device.compileStep(
    (tensors: Tree<Tensor>, parameters: Tree<Tensor>) => ({
      outputs: build(parameters, tensors as UnetTensors),
      state: {},
    }),
    specsOf(inputs),
    unflatten(state.leaves()),
    { threads: 1 }, // small models gain nothing from more
  );
  const outputs = await program.run(inputs, state);
  await program.dispose();
  return new Map(flatten<NdArray>(outputs));
}

const specsOf = (arrays: Tree<NdArray>) =>
  mapTree<Tree<NdArray>, NdArray, TensorSpec>(arrays, ({ shape, dtype }) =>
    spec(shape, dtype),
  ) as Tree<TensorSpec>;

/** The inputs of a case, `b2.sample` and so on; an empty prefix for a file with one case. */
export function readInputs(file: ReadonlyMap<string, NdArray>, prefix: string): UnetArrays {
  const batch = read(file, `${prefix}sample`).shape[0]!;
  const timestep = castArray(read(file, `${prefix}timestep`), 'float32');
  const labels = file.get(`${prefix}class_labels`);
  return {
    sample: read(file, `${prefix}sample`),
    timestep: { ...timestep, shape: [batch], data: repeated(timestep.data, batch) },
    encoderHiddenStates: read(file, `${prefix}encoder_hidden_states`),
    ...(labels !== undefined && { classLabels: labels }),
  };
}

/** One timestep may serve the whole batch. */
const repeated = (timesteps: Float32Array, batch: number): Float32Array =>
  timesteps.length === batch ? timesteps : new Float32Array(batch).fill(timesteps[0]!);
