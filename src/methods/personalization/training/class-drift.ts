import {
  fold,
  type NdArray,
  ndArray,
  normal,
  Owner,
  type RandomKey,
  type State,
  type StateLeaf,
  spec,
  type Tensor,
  type Tree,
  unflatten,
} from '../../../engine/index.ts';
import { encodePrompts, type Tokenizer } from '../../../networks/clip/index.ts';
import {
  convertPrediction,
  type HeldModel,
  type Latents,
  levelAt,
  type NoiseLevel,
  type NoiseSchedule,
  noiseTo,
} from '../../diffusion/index.ts';
import type { Learned } from '../model-trees.ts';
import {
  frozenNetworks,
  type PersonalizedNetworks,
  type PredictionInput,
  predict,
  predictPersonalized,
} from '../personalized-prediction.ts';

export interface DriftOptions {
  readonly networks: PersonalizedNetworks;
  readonly tokenizer: Tokenizer;
  readonly schedule: NoiseSchedule;
  /** Of the plain class, "a photo of a cat". */
  readonly prompt: string;
  /** Scaled latents [1, channels, height, width] that noise is added to: those of a reference. */
  readonly latents: Latents;
  readonly key: RandomKey;
  /** Stops the base's predictions. */
  readonly signal?: AbortSignal;
}

export interface DriftProbe {
  /** ‖ε_θ − ε_φ‖ / ‖ε_φ‖ over the probe's times, whatever the model predicts; 0 is the base itself. */
  readonly measure: (learned: Learned<StateLeaf>, signal?: AbortSignal) => Promise<number>;
  readonly dispose: () => Promise<void>;
}

/** Shares of the schedule at which predictions are compared. */
const probedShares = [0.2, 0.4, 0.6, 0.8];

/**
 * A hint of overfitting and of language drift: how far the prediction for the plain class word has moved from the
 * base model's, at fixed noise and times. The base is asked once.
 */
export async function probeDrift(model: HeldModel, options: DriftOptions): Promise<DriftProbe> {
  const { device } = model;
  const { networks, schedule } = options;
  const probes = probesOf(options);
  const compile = (build: (trees: Tree<Tensor>, input: PredictionInput) => Tensor, state: State) =>
    device.compileStep(
      (inputs, trees: Tree<Tensor>) => ({
        outputs: { prediction: build(trees, promptedBy(inputs)) },
        state: {},
      }),
      specs(probes[0]!.inputs),
      unflatten(state.leaves()),
    );
  type Predictor = Awaited<ReturnType<typeof compile>>;
  const epsilons = async (predictor: Predictor, state: State, signal?: AbortSignal): Promise<Latents[]> => {
    const types = { from: schedule.predictionType, to: 'epsilon' } as const;
    const found: Latents[] = [];
    for (const { inputs, level } of probes) {
      const { prediction } = await predictor.run(inputs, state, { ...(signal && { signal }) });
      found.push(convertPrediction(prediction as Latents, types, inputs.sample, level));
    }
    return found;
  };
  await using owner = new Owner();
  const frozen = owner.use(await frozenNetworks(model));
  const base = owner.use(
    await compile((trees, input) => predict(trees as never, networks.configs, input), frozen),
  );
  const expected = await epsilons(base, frozen, options.signal);
  await base.dispose();
  const kept = owner.move();
  let personalized: Predictor | undefined;
  return {
    async measure(learned, signal) {
      await using asking = new Owner();
      const both = { base: frozen.references() as Tree<StateLeaf>, learned: learned as Tree<StateLeaf> };
      const state = asking.use(await device.combine(both));
      personalized ??= kept.use(
        await compile((trees, input) => {
          const { base, learned } = trees as unknown as Operands;
          return predictPersonalized(networks, base, learned, input);
        }, state),
      );
      return relativeDistance(await epsilons(personalized, state, signal), expected);
    },
    dispose: kept.dispose,
  };
}

interface Operands {
  readonly base: Tree<Tensor>;
  readonly learned: Learned<Tensor>;
}

/** Where predictions are compared. */
interface Probe {
  readonly inputs: ProbeInputs;
  readonly level: NoiseLevel;
}

interface ProbeInputs {
  readonly sample: Latents;
  readonly timestep: NdArray;
  readonly ids: NdArray;
  readonly [name: string]: NdArray;
}

function probesOf({ tokenizer, schedule, prompt, latents, key }: DriftOptions): readonly Probe[] {
  const ids = encodePrompts(tokenizer, [prompt]);
  return probedShares.map((share) => {
    const t = Math.round(share * (schedule.alphasCumprod.length - 1));
    const level = levelAt(schedule, t);
    const sample = noiseTo(level, latents, normal(fold(key, t), latents.shape));
    return { inputs: { sample, timestep: ndArray('float32', [1], Float32Array.of(t)), ids }, level };
  });
}

const specs = ({ sample, timestep, ids }: ProbeInputs) => ({
  sample: spec(sample.shape),
  timestep: spec(timestep.shape),
  ids: spec(ids.shape, ids.dtype),
});

const promptedBy = ({
  sample,
  timestep,
  ids,
}: { readonly [name in 'sample' | 'timestep' | 'ids']: Tensor }) => ({
  sample,
  timestep,
  prompt: { kind: 'ids', tensor: ids } as const,
});

function relativeDistance(found: readonly Latents[], expected: readonly Latents[]): number {
  let [difference, size] = [0, 0];
  for (const [index, { data }] of expected.entries()) {
    for (const [i, value] of data.entries()) {
      difference += (found[index]!.data[i]! - value) ** 2;
      size += value ** 2;
    }
  }
  return Math.sqrt(difference / size);
}
