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
import { parseClipTextConfig, parseClipVisionConfig } from '../../src/networks/clip/index.ts';
import type { ParameterSpec } from '../../src/networks/nn/index.ts';
import { parseUnetConfig } from '../../src/networks/unet/index.ts';
import { parseVaeConfig } from '../../src/networks/vae/index.ts';
import { compareNumbers, type ParityResult } from './parity-result.ts';
import { readSafetensors } from './read-safetensors.ts';

export type Arrays = ReadonlyMap<string, NdArray>;

export const tolerances = { output: 1e-4, gradient: 1e-3, exact: 0 };

export const readJson = (folder: string, name: string): unknown =>
  JSON.parse(readFileSync(join(folder, name), 'utf8'));

/** How a folder's config.json is read, and what its weights are called. */
const kinds = {
  unet: { parse: parseUnetConfig, weights: 'diffusion_pytorch_model.safetensors' },
  vae: { parse: parseVaeConfig, weights: 'diffusion_pytorch_model.safetensors' },
  clipText: { parse: parseClipTextConfig, weights: 'model.safetensors' },
  clipVision: { parse: parseClipVisionConfig, weights: 'model.safetensors' },
} as const;

export type ModelKind = keyof typeof kinds;

export interface Model<K extends ModelKind> {
  readonly config: ReturnType<(typeof kinds)[K]['parse']>;
  readonly parameters: Tree<NdArray>;
}

/** A network in a folder as diffusers and transformers save it. */
export function readModel<K extends ModelKind>(kind: K, folder: string): Model<K> {
  const { parse, weights } = kinds[kind];
  return {
    config: parse(readJson(folder, 'config.json')) as Model<K>['config'],
    parameters: readParameters(folder, weights),
  };
}

export const weightsPath = (kind: ModelKind, folder: string): string => join(folder, kinds[kind].weights);

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
  const program = await device.compile(build as (inputs: Tree<Tensor>) => Tree<Tensor>, specsOf(inputs));
  const outputs = await program.run(inputs);
  await program.dispose();
  return new Map(flatten<NdArray>(outputs as Tree<NdArray>));
}

export const specsOf = (arrays: Tree<NdArray>): Tree<TensorSpec> =>
  mapTree<Tree<NdArray>, NdArray, TensorSpec>(arrays, ({ shape, dtype }) =>
    spec(shape, dtype),
  ) as Tree<TensorSpec>;

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
