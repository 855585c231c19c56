import {
  type Device,
  flatten,
  input,
  mapTree,
  type NdArray,
  type State,
  type StateLeaf,
  type Tensor,
  type Tree,
  unflatten,
} from '../../engine/index.ts';
import type { HeldModel, HeldNetwork } from '../diffusion/index.ts';
import type { Learned, ModelTrees } from './model-trees.ts';
import type { PersonalizationMethod } from './personalization-method.ts';

/**
 * The model with what was learned in its place, held on the same device: parameters that stay are shared with the
 * base, learned ones with `learned`, the others (a table with further rows, weights with low-rank updates) computed
 * once. It is released on its own (`releaseModel`); neither it nor the base needs the other to stay.
 */
export async function personalizedModel(
  model: HeldModel,
  method: PersonalizationMethod,
  learned: Learned<StateLeaf>,
): Promise<HeldModel> {
  const { device, unet, textEncoder, vae } = model;
  const base = {
    unet: unet.parameters.references() as Tree<StateLeaf>,
    textEncoder: textEncoder.parameters.references() as Tree<StateLeaf>,
  };
  const { leaves, computed } = await appliedLeaves(device, method, { base, learned });
  const personalized: HeldModel = {
    ...model,
    unet: await networkOf(device, unet, leaves.unet),
    textEncoder: await networkOf(device, textEncoder, leaves.textEncoder),
    vae: await networkOf(device, vae, vae.parameters.references() as Tree<StateLeaf>),
  };
  await computed?.dispose();
  return personalized;
}

interface Operands<Leaf> {
  readonly base: ModelTrees<Leaf>;
  readonly learned: Learned<Leaf>;
}

/** The personalized networks as leaves of states: the operands' own, and of `computed`. */
async function appliedLeaves(
  device: Device,
  method: PersonalizationMethod,
  operands: Operands<StateLeaf>,
): Promise<{ readonly leaves: ModelTrees<StateLeaf>; readonly computed: State | undefined }> {
  const origins = new Map<Tensor, StateLeaf>();
  const tensors = mapTree<Tree<StateLeaf>, StateLeaf, Tensor>(treeOf(operands), (leaf, path) => {
    const tensor = input(path, leaf);
    origins.set(tensor, leaf);
    return tensor;
  });
  const applied = apply(method, tensors);
  const missing = new Set(
    flatten<Tensor>(applied).flatMap(([path, tensor]) => (origins.has(tensor) ? [] : [path])),
  );
  const computed = await compute(device, method, operands, missing);
  const found = new Map(flatten<StateLeaf>(computed?.references() ?? {}));
  const leaves = mapTree<Tree<Tensor>, Tensor, StateLeaf>(
    applied,
    (tensor, path) => origins.get(tensor) ?? found.get(path)!,
  );
  return { leaves: leaves as unknown as ModelTrees<StateLeaf>, computed };
}

/** The leaves at these paths of the personalized networks, on the device; undefined if there are none. */
async function compute(
  device: Device,
  method: PersonalizationMethod,
  operands: Operands<StateLeaf>,
  paths: ReadonlySet<string>,
): Promise<State | undefined> {
  if (paths.size === 0) return undefined;
  const state = await device.combine(treeOf(operands));
  const program = await device.compileStep(
    (_: Tree<Tensor>, tensors: Tree<Tensor>) => ({
      outputs: unflatten(flatten<Tensor>(apply(method, tensors)).filter(([path]) => paths.has(path))),
      state: {},
    }),
    {},
    unflatten(state.leaves()),
  );
  const arrays = (await program.run({}, state)) as Tree<NdArray>;
  await program.dispose();
  await state.dispose();
  return device.hold(arrays);
}

const treeOf = (operands: Operands<StateLeaf>) => operands as unknown as Tree<StateLeaf>;

function apply(method: PersonalizationMethod, tensors: unknown): Tree<Tensor> {
  const { base, learned } = tensors as Operands<Tensor>;
  const { unet, textEncoder } = method.apply(base, learned);
  return { unet, textEncoder };
}

async function networkOf<Config>(
  device: Device,
  { config }: HeldNetwork<Config>,
  leaves: Tree<StateLeaf>,
): Promise<HeldNetwork<Config>> {
  const parameters = await device.combine(leaves);
  return { config, parameters, specs: unflatten(parameters.leaves()) };
}
