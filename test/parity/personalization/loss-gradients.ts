import { dirname, join } from 'node:path';
import {
  type Device,
  flatten,
  fold,
  full,
  gradient,
  mapTree,
  type NdArray,
  normal,
  randomKey,
  type Source,
  type StateLeaf,
  sizeOf,
  type Tensor,
  type Tree,
  toNumbers,
  unflatten,
  zeros,
} from '../../../src/engine/index.ts';
import type { MethodSettings } from '../../../src/files/checkpoints/index.ts';
import {
  asSource,
  diffusionProblem,
  type Learned,
  networkMethod,
  type PromptFeeds,
  personalizationPreset,
  readFloats,
} from '../../../src/methods/personalization/index.ts';
import { compareArrays, read, tolerances } from '../model-folder.ts';
import { compareNumbers, type ParityResult } from '../parity-result.ts';
import { readSafetensors } from '../read-safetensors.ts';
import { readInputs } from '../unet-folder.ts';
import type { BaseModels } from './base-models.ts';

/**
 * The loss that personalization minimizes, and its gradients with respect to what each method learns: those of the
 * mean squared error of the UNet beside the folder, which the reference computed for every parameter W. A low-rank
 * update begins with ΔW = 0, where ∂/∂up = scale · G downᵀ and ∂/∂down = scale · upᵀ G with G = ∂/∂W.
 */
export async function* compareLossGradients(base: BaseModels, device: Device): AsyncGenerator<ParityResult> {
  const golden = readSafetensors(join(dirname(base.folder), 'unet_sd1', 'gradients.safetensors'));
  const theirs = (path: string) => read(golden, `grad.${path}`);
  for (const projections of ['keys and values', 'all'] as const) {
    const settings = { kind: 'custom-diffusion', projections } as const;
    yield* compareReplaced(base, device, golden, settings);
  }
  yield* compareReplaced(base, device, golden, { kind: 'dreambooth', textEncoder: 'frozen' });

  const settings: MethodSettings = {
    kind: 'lora',
    rank: 3,
    alpha: 6,
    targets: ['attention', 'feed-forward', 'projections', 'convolutions'],
    textEncoder: 'frozen',
  };
  const initial = flatten<NdArray>((await initialize(base, settings)).unet!);
  for (const learning of ['up', 'down'] as const) {
    // One factor is zero, the other random: the base's prediction, and a gradient for the one that is zero.
    const learned = initial.map(([path, array]) => [
      path,
      path.endsWith(learning) ? zeros(array.shape) : normal(fold(randomKey(4), path), array.shape),
    ]) as [string, NdArray][];
    const { gradients } = await lossOf(base, device, golden, settings, { unet: unflatten(learned) });
    const factors = new Map(learned);
    for (const [path, found] of gradients) {
      const module = path.replace(/^unet\.|\.(up|down)$/g, '');
      if (!path.endsWith(learning)) continue;
      const other = factors.get(`${module}.${learning === 'up' ? 'down' : 'up'}`)!;
      const expected = productWith(theirs(`${module}.weight`), other, learning, 2);
      yield compareNumbers(
        `LoRA: gradient of ${module}.${learning}`,
        toNumbers(found),
        expected,
        tolerances.gradient,
      );
    }
  }
}

async function* compareReplaced(
  base: BaseModels,
  device: Device,
  golden: ReadonlyMap<string, NdArray>,
  settings: MethodSettings,
): AsyncGenerator<ParityResult> {
  const name = 'projections' in settings ? `${settings.kind} (${settings.projections})` : settings.kind;
  const learned = await initialize(base, settings);
  const { loss, gradients } = await lossOf(base, device, golden, settings, learned);
  yield compareArrays(`${name}: loss`, loss, read(golden, 'loss'), tolerances.output);
  for (const [path, found] of gradients) {
    const expected = read(golden, `grad.${path.replace(/^unet\./, '')}`);
    yield compareArrays(`${name}: gradient of ${path}`, found, expected, tolerances.gradient);
  }
}

const initialize = async (
  { unet, text }: BaseModels,
  settings: MethodSettings,
): Promise<Learned<NdArray>> => {
  const lazily = (tree: Tree<NdArray>) =>
    mapTree<Tree<NdArray>, NdArray, ReturnType<typeof asSource>>(tree, asSource) as Tree<
      ReturnType<typeof asSource>
    >;
  const initial = await networkMethod(settings).initialize(
    { unet: lazily(unet.parameters), textEncoder: lazily(text.parameters) },
    randomKey(3),
  );
  return (await readFloats(initial as Tree<Source>)) as Learned<NdArray>;
};

/** Loss and gradients on the reference's inputs, through the very problem that training solves. */
async function lossOf(
  { unet, text }: BaseModels,
  device: Device,
  golden: ReadonlyMap<string, NdArray>,
  settings: MethodSettings,
  variables: Learned<NdArray>,
): Promise<{ readonly loss: NdArray; readonly gradients: readonly (readonly [string, NdArray])[] }> {
  const { sample, timestep, encoderHiddenStates: prompt } = readInputs(golden, '');
  const shape = sample!.shape as readonly [number, number, number, number];
  const weight = full([shape[0], 1, ...shape.slice(2)], 1 / sizeOf(shape));
  const inputs = {
    sample: sample!,
    target: read(golden, 'target'),
    weight,
    timestep: timestep!,
    prompt: prompt!,
  };
  const feeds: PromptFeeds = { kind: 'features', spec: () => prompt!, of: () => prompt! };
  const frozen = await device.hold({ unet: unet.parameters, textEncoder: text.parameters });
  const held = await device.hold(variables as Tree<NdArray>);
  const problem = diffusionProblem({
    networks: { method: networkMethod(settings), configs: { unet: unet.config, textEncoder: text.config } },
    variables,
    frozen,
    feeds,
    training: personalizationPreset(settings.kind, 'pocket').training,
    shape,
  });
  const state = await device.combine({
    base: frozen.references() as Tree<StateLeaf>,
    learned: held.references() as Tree<StateLeaf>,
  });
  const program = await device.compileStep(
    (tensors: Tree<Tensor>, trees: Tree<Tensor>) => {
      const { base, learned } = trees as { readonly base: Tree<Tensor>; readonly learned: Tree<Tensor> };
      const loss = problem.loss(learned, tensors, base);
      return { outputs: { loss, gradients: gradient(loss, learned) as Tree<Tensor> }, state: {} };
    },
    problem.batch,
    unflatten(state.leaves()),
    { threads: 1 },
  );
  const { loss, gradients } = (await program.run(inputs, state)) as {
    readonly loss: NdArray;
    readonly gradients: Tree<NdArray>;
  };
  for (const each of [program, state, held, frozen]) await each.dispose();
  return { loss, gradients: flatten<NdArray>(gradients) };
}

/** scale · G downᵀ [out, rank], or scale · upᵀ G [rank, in …] */
function productWith(G: NdArray, other: NdArray, learning: 'up' | 'down', scale: number): Float32Array {
  const outputs = G.shape[0]!;
  const inputs = G.data.length / outputs;
  const rank = learning === 'up' ? other.shape[0]! : other.shape[1]!;
  const [g, factor] = [toNumbers(G), toNumbers(other)];
  const product = new Float32Array(learning === 'up' ? outputs * rank : rank * inputs);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let r = 0; r < rank; r++) {
        const value = scale * g[o * inputs + i]!;
        if (learning === 'up') product[o * rank + r]! += value * factor[r * inputs + i]!;
        else product[r * inputs + i]! += value * factor[o * rank + r]!;
      }
    }
  }
  return product;
}
