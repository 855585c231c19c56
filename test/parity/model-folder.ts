import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Device,
  flatten,
  mapTree,
  type NdArray,
  spec,
  type Tensor,
  type TensorSpec,
  type Tree,
  toNumbers,
  unflatten,
} from '../../src/engine/index.ts';
import type { ParameterSpec } from '../../src/networks/nn/index.ts';
import { compareNumbers, type ParityResult } from './parity-result.ts';
import { readSafetensors } from './read-safetensors.ts';

export type Arrays = ReadonlyMap<string, NdArray>;

export const tolerances = { output: 1e-4, gradient: 1e-3, exact: 0 };

export const readJson = (folder: string, name: string): unknown =>
  JSON.parse(readFileSync(join(folder, name), 'utf8'));

/** The float tensors of a file: transformers keeps whole numbers (`position_ids`) that are no parameters. */
export const readParameters = (folder: string, name: string): Tree<NdArray> =>
  unflatten([...readSafetensors(join(folder, name))].filter(([, { dtype }]) => dtype === 'float32'));

/** Compiles and runs a function once; results by their dotted paths. */
export async function runOnce<Inputs extends Readonly<Record<string, Tree<NdArray>>>>(
  device: Device,
  build: (
    inputs: { readonly [K in keyof Inputs]: Inputs[K] extends NdArray ? Tensor : Tree<Tensor> },
  ) => Tree<Tensor>,
  inputs: Inputs,
): Promise<Arrays> {
  const specs = mapTree<Tree<NdArray>, NdArray, TensorSpec>(inputs, ({ shape, dtype }) => spec(shape, dtype));
  const program = await device.compile(
    build as (inputs: Tree<Tensor>) => Tree<Tensor>,
    specs as Tree<TensorSpec>,
  );
  const outputs = await program.run(inputs);
  await program.dispose();
  return new Map(flatten<NdArray>(outputs as Tree<NdArray>));
}

/** @throws if a file lacks a tensor that it should hold */
export function read(arrays: Arrays, name: string): NdArray {
  const array = arrays.get(name);
  if (array === undefined) throw new Error(`There is no tensor "${name}"`);
  return array;
}

export const compareArrays = (
  name: string,
  ours: NdArray,
  theirs: NdArray,
  tolerance: number,
): ParityResult => compareNumbers(name, toNumbers(ours), toNumbers(theirs), tolerance);

/** The specs say which parameters there are; they and the file must agree in every name and shape. */
export function compareParameters(
  name: string,
  specs: Tree<ParameterSpec>,
  parameters: Tree<NdArray>,
): ParityResult {
  const described = (entries: readonly (readonly [string, { readonly shape: readonly number[] }])[]) =>
    new Set(entries.map(([path, { shape }]) => `${path} [${shape}]`));
  const ours = described(flatten<ParameterSpec>(specs));
  const theirs = described(flatten<NdArray>(parameters));
  const differing = [...ours, ...theirs].filter((each) => !(ours.has(each) && theirs.has(each))).length;
  return compareNumbers(
    `${name}: parameter names and shapes that differ`,
    [differing],
    [0],
    tolerances.exact,
  );
}
