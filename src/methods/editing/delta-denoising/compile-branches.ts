import {
  type Device,
  joinArrays,
  type NdArray,
  ndArray,
  Owner,
  type Shape,
  type State,
  spec,
  type Tensor,
} from '../../../engine/index.ts';
import { type UnetConfig, unet } from '../../../networks/unet/index.ts';
import { compileNetwork, type HeldNetwork, type Latents, type Timestep } from '../../diffusion/index.ts';
import type { BranchAnswer, Branches, BranchPredictor } from './branches.ts';

/** One side of DDS: a UNet, and the text that it is asked under. */
export interface Branch {
  readonly network: HeldNetwork<UnetConfig>;
  /**
   * As `guidedContext` gives it: [items, tokens, size] of the prompt, followed by as many of the text that guidance
   * leads away from, if there is one.
   */
  readonly context: NdArray;
}

export interface CompiledBranches {
  readonly predict: BranchPredictor;
  /** How often a UNet has been run. */
  calls(): number;
  dispose(): Promise<void>;
}

export interface CompileBranchesOptions {
  /** `together`: one call where both branches have one network, which takes more memory. Default `together`. */
  readonly batching?: 'together' | 'branch by branch';
}

/**
 * Makes the branches' predictor for latents of a shape. With and without text, all items of a branch are one batch, and
 * both branches where they share a network. A question that both branches ask alike (one network, the same
 * text and latents) is asked once: the answers are then equal bit for bit, whatever the batch does to rounding.
 * @throws a sentence if a context does not fit the latents
 */
export async function compileBranches(
  device: Device,
  branches: Branches<Branch>,
  shape: Shape,
  { batching = 'together' }: CompileBranchesOptions = {},
): Promise<CompiledBranches> {
  const { target, source } = branches;
  const sides = { target: sideOf(target, shape), source: sideOf(source, shape) };
  const sameNetwork = target.network.parameters === source.network.parameters;
  const sameText = sameNetwork && sameNumbers(target.context, source.context);
  const together = sameNetwork && !sameText && batching === 'together';
  const groups: (readonly Branch[])[] = together ? [[target, source]] : [[target], [source]];
  const questioners = await compileQuestioners(device, groups, shape);
  const [first, second] = questioners.ask as [Questioner, Questioner | undefined];

  const predict: BranchPredictor = async (noisy, timestep, signal) => {
    if (together) {
      const rows = [...sides.target.rows(noisy.target), ...sides.source.rows(noisy.source)];
      const answers = await first(rows, timestep, signal);
      const ofTarget = sides.target.copies;
      return {
        target: answerOf(answers.slice(0, ofTarget)),
        source: answerOf(answers.slice(ofTarget)),
      };
    }
    const answerTarget = answerOf(await first(sides.target.rows(noisy.target), timestep, signal));
    if (sameText && sameNumbers(noisy.target, noisy.source)) {
      return { target: answerTarget, source: answerTarget };
    }
    const rows = sides.source.rows(noisy.source);
    return { target: answerTarget, source: answerOf(await second!(rows, timestep, signal)) };
  };
  return { predict, calls: questioners.calls, dispose: questioners.dispose };
}

/** Latents once for each text of a branch: conditional, then perhaps unconditional. */
interface Side {
  readonly copies: number;
  rows(noisy: Latents): readonly Latents[];
}

function sideOf({ context, network }: Branch, [items = 0, channels]: Shape): Side {
  const copies = (context.shape[0] ?? 0) / items;
  if (copies !== 1 && copies !== 2) {
    throw new Error(
      `compileBranches: ${items} item(s) need ${items} contexts, or ${2 * items} with guidance, got ${context.shape[0]}`,
    );
  }
  if (network.config.inputChannels !== channels || network.config.outputChannels !== channels) {
    const { inputChannels, outputChannels } = network.config;
    throw new Error(
      `compileBranches: the UNet takes ${inputChannels} channels and gives ${outputChannels}, the latents have ` +
        `${channels}; a model for inpainting or other inputs cannot be used`,
    );
  }
  return { copies, rows: (noisy) => new Array<Latents>(copies).fill(noisy) };
}

/** Runs a network on rows of latents, each [items, …], under the texts it was compiled for. */
type Questioner = (
  rows: readonly Latents[],
  timestep: Timestep,
  signal: AbortSignal | undefined,
) => Promise<readonly Latents[]>;

/** One questioner a group; networks of one make and batch share a program. */
async function compileQuestioners(device: Device, groups: readonly (readonly Branch[])[], shape: Shape) {
  await using owner = new Owner();
  const programs = new Map<string, Awaited<ReturnType<typeof compileUnet>>>();
  const ask: Questioner[] = [];
  let calls = 0;
  for (const group of groups) {
    const { network } = group[0]!;
    const context = joinArrays(group.map((branch) => branch.context));
    const batch = context.shape[0]!;
    const make = JSON.stringify([network.config, network.specs, context.shape]);
    const program = programs.get(make) ?? owner.use(await compileUnet(device, network, shape, context.shape));
    programs.set(make, program);
    ask.push(async (rows, timestep, signal) => {
      const inputs = {
        sample: joinArrays(rows),
        timestep: ndArray('float32', [batch], new Float32Array(batch).fill(timestep)),
        context,
      };
      const options = signal === undefined ? {} : { signal };
      const { prediction } = await program.run(inputs, network.parameters as State, options);
      calls++;
      return splitRows(prediction as Latents, rows.length);
    });
  }
  return { ask, calls: () => calls, dispose: owner.move().dispose };
}

const compileUnet = (device: Device, network: HeldNetwork<UnetConfig>, [, ...item]: Shape, context: Shape) =>
  compileNetwork(
    device,
    network,
    (parameters, inputs): Record<string, Tensor> => ({
      prediction: unet(parameters, network.config, {
        sample: inputs.sample,
        timestep: inputs.timestep,
        encoderHiddenStates: inputs.context,
      }),
    }),
    { sample: spec([context[0]!, ...item]), timestep: spec([context[0]!]), context: spec(context) },
  );

function splitRows({ shape: [items, ...item], data }: Latents, rows: number): Latents[] {
  const size = data.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    ndArray('float32', [items! / rows, ...item], data.slice(row * size, (row + 1) * size)),
  );
}

const answerOf = ([conditional, unconditional]: readonly Latents[]): BranchAnswer => ({
  conditional: conditional!,
  ...(unconditional !== undefined && { unconditional }),
});

const sameNumbers = (a: NdArray, b: NdArray): boolean => {
  const [ours, theirs] = [a.data as Float32Array, b.data as Float32Array];
  return ours.length === theirs.length && ours.every((value, index) => value === theirs[index]);
};
