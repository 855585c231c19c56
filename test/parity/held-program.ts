import {
  type Device,
  flatten,
  type NdArray,
  type State,
  type Tensor,
  type Tree,
  unflatten,
} from '../../src/engine/index.ts';
import { type Arrays, specsOf } from './model-folder.ts';

export type NamedArrays = Readonly<Record<string, NdArray>>;
export type NamedTensors = Readonly<Record<string, Tensor>>;

export type HeldFunction = (parameters: Tree<Tensor>, inputs: NamedTensors) => Tree<Tensor>;

/** A function of parameters that are held on the device, and of inputs, compiled for their shapes. */
export interface HeldProgram {
  /** Results by their dotted paths. */
  run(inputs: NamedArrays, parameters: State): Promise<Arrays>;
  dispose(): Promise<void>;
}

export async function compileHeld(
  device: Device,
  parameters: State,
  inputs: NamedArrays,
  build: HeldFunction,
): Promise<HeldProgram> {
  const program = await device.compileStep(
    (tensors: Tree<Tensor>, held: Tree<Tensor>) => ({
      outputs: build(held, tensors as NamedTensors),
      state: {},
    }),
    specsOf(inputs),
    unflatten(parameters.leaves()),
    { threads: 1 }, // small models gain nothing from more
  );
  return {
    run: async (inputs, parameters) =>
      new Map(flatten<NdArray>((await program.run(inputs, parameters)) as Tree<NdArray>)),
    dispose: () => program.dispose(),
  };
}

/** Compiles and runs once. */
export async function runHeld(
  device: Device,
  parameters: State,
  inputs: NamedArrays,
  build: HeldFunction,
): Promise<Arrays> {
  const program = await compileHeld(device, parameters, inputs, build);
  const outputs = await program.run(inputs, parameters);
  await program.dispose();
  return outputs;
}
