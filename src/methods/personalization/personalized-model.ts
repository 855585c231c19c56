import {
  type Device,
  flatten,
  input,
  mapTree,
  type NdArray,
  Owner,
  type State,
  type StateLeaf,
  type Tensor,
  type Tree,
  unflatten,
} from '../../engine/index.ts';
import { type HeldModel, type HeldNetwork, releaseNetwork } from '../diffusion/index.ts';
import type { PersonalizationMethod } from './methods/personalization-method.ts';
import type { Learned, ModelTrees } from './model-trees.ts';

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
  await using shared = new Owner(); // with the networks, which keep what they read of it
  const { leaves, computed } = await appliedLeaves(device, method, { base, learned });
  shared.use(computed);
  await using held = new Owner();
  const personalized: HeldModel = {
    ...model,
    unet: held.adopt(await networkOf(device, unet, leaves.unet), releaseNetwork),
    textEncoder: held.adopt(await networkOf(device, textEncoder, leaves.textEncoder), releaseNetwork),
    vae: held.adopt(
      await networkOf(device, vae, vae.parameters.references() as Tree<StateLeaf>),
      releaseNetwork,
    ),
  };
  held.move();
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
  const computed =
    missing.size === 0 ? undefined : await device.hold(await compute(device, method, operands, missing));
  const found = new Map(flatten<StateLeaf>(computed?.references() ?? {}));
  const leaves = mapTree<Tree<Tensor>, Tensor, StateLeaf>(
    applied,
    (tensor, path) => origins.get(tensor) ?? found.get(path)!,
  );
  return { leaves: leaves as unknown as ModelTrees<StateLeaf>, computed };
}

/** The leaves at these paths of the personalized networks. */
async function compute(
  device: Device,
  method: PersonalizationMethod,
  operands: Operands<StateLeaf>,
  paths: ReadonlySet<string>,
): Promise<Tree<NdArray>> {
  await using owner = new Owner();
  const state = owner.use(await device.combine(treeOf(operands)));
  const program = owner.use(
    await device.compileStep(
      (_: Tree<Tensor>, tensors: Tree<Tensor>) => ({
        outputs: unflatten(flatten<Tensor>(apply(method, tensors)).filter(([path]) => paths.has(path))),
        state: {},
      }),
      {},
      unflatten(state.leaves()),
    ),
  );
  return (await program.run({}, state)) as Tree<NdArray>;
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
