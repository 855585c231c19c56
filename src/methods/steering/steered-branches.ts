import {
  type NdArray,
  ndArray,
  Owner,
  type Shape,
  type State,
  type StateLeaf,
  spec,
  type Tensor,
  type Tree,
  unflatten,
} from '../../engine/index.ts';
import { unet } from '../../networks/unet/index.ts';
import { compileNetwork, type HeldModel, type Latents, type Timestep } from '../diffusion/index.ts';
import type { BranchAnswer, Branches, BranchPredictor } from '../editing/index.ts';
import { type Learned, type ModelConfigs, type PromptFeeds, predict } from '../personalization/index.ts';
import type { SteeredParameters } from './steered-parameters.ts';
import type { FrozenParts } from './steering-problem.ts';

/** The texts that a network is asked under: the prompt, and what guidance leads away from if it is asked for. */
export interface BranchTexts {
  readonly feeds: PromptFeeds;
  readonly texts: readonly string[];
}

export interface SteeredBranchesOptions {
  /** φ */
  readonly model: HeldModel;
  readonly configs: ModelConfigs;
  readonly steered: SteeredParameters;
  /** From `frozenParts`. */
  readonly frozen: State;
  readonly branches: Branches<BranchTexts>;
  /** Of the latents, [1, channels, height, width]. */
  readonly shape: Shape;
}

export interface SteeredPredictor {
  readonly predict: BranchPredictor;
  readonly dispose: () => Promise<void>;
}

export interface SteeredBranches {
  /** θ as the variables are now, in the target's branch, and φ in the source's. */
  predictor(variables: Tree<StateLeaf>): Promise<SteeredPredictor>;
  dispose(): Promise<void>;
}

/**
 * The predictions that EDSD compares, as two forward programs, one text at a time: the personalized one reads the very
 * variables that are being steered, the other the pre-trained model where it is held. Nothing is kept for a backward
 * pass, so that they need less memory than the step itself; for that the prediction which is differentiated is
 * computed twice, here as a number.
 */
export async function compileSteeredBranches({
  model,
  configs,
  steered,
  frozen,
  branches: { target, source },
  shape,
}: SteeredBranchesOptions): Promise<SteeredBranches> {
  const { device } = model;
  const φ = await compileNetwork(
    device,
    model.unet,
    (parameters, { sample, timestep, prompt }): Record<string, Tensor> => ({
      prediction: unet(parameters, configs.unet, { sample, timestep, encoderHiddenStates: prompt }),
    }),
    { sample: spec(shape), timestep: spec([1]), prompt: source.feeds.spec(1) },
  );
  const owner = new Owner();
  owner.use(φ);
  let θ: Awaited<ReturnType<typeof compilePersonalized>> | undefined;
  const compilePersonalized = (state: State) =>
    device.compileStep(
      ({ sample, timestep, prompt }, parts) => {
        const { frozen: base, variables } = parts as unknown as {
          readonly frozen: FrozenParts<Tensor>;
          readonly variables: Learned<Tensor>;
        };
        const networks = steered.apply(base, base.kept ?? {}, variables);
        const asked = { kind: target.feeds.kind, tensor: prompt } as const;
        return {
          outputs: { prediction: predict(networks, configs, { sample, timestep, prompt: asked }) },
          state: {},
        };
      },
      { sample: spec(shape), timestep: spec([1]), prompt: target.feeds.spec(1) },
      unflatten(state.leaves()),
    );

  return {
    async predictor(variables) {
      await using asking = new Owner();
      const state = asking.use(
        await device.combine({ frozen: frozen.references() as Tree<StateLeaf>, variables }),
      );
      θ ??= owner.use(await compilePersonalized(state));
      const personalized = θ;
      const askTarget = asker(
        target,
        async (inputs, signal) => (await personalized.run(inputs, state, signal)).prediction as Latents,
      );
      const askSource = asker(
        source,
        async (inputs, signal) => (await φ.run(inputs, model.unet.parameters, signal)).prediction as Latents,
      );
      return {
        predict: async (noisy, timestep, signal) => ({
          target: await askTarget(noisy.target, timestep, signal),
          source: await askSource(noisy.source, timestep, signal),
        }),
        dispose: asking.move().dispose,
      };
    },
    dispose: owner.dispose,
  };
}

type Inputs = { readonly sample: Latents; readonly timestep: NdArray; readonly prompt: NdArray };

/** One answer for each text. */
const asker =
  (
    { feeds, texts }: BranchTexts,
    run: (inputs: Inputs, options: { readonly signal?: AbortSignal }) => Promise<Latents>,
  ) =>
  async (sample: Latents, at: Timestep, signal?: AbortSignal): Promise<BranchAnswer> => {
    const timestep = ndArray('float32', [1], Float32Array.of(at));
    const answers: Latents[] = [];
    for (const text of texts) {
      answers.push(await run({ sample, timestep, prompt: feeds.of([text]) }, { ...(signal && { signal }) }));
    }
    const [conditional, unconditional] = answers;
    return { conditional: conditional!, ...(unconditional && { unconditional }) };
  };
