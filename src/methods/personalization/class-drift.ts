import {
  fold,
  type NdArray,
  ndArray,
  normal,
  type RandomKey,
  type StateLeaf,
  spec,
  type Tensor,
  type TensorSpec,
  type Tree,
  unflatten,
} from '../../engine/index.ts';
import { encodePrompts, type Tokenizer } from '../../networks/clip/index.ts';
import {
  convertPrediction,
  type HeldModel,
  type Latents,
  levelAt,
  type NoiseLevel,
  type NoiseSchedule,
  noiseTo,
} from '../diffusion/index.ts';
import type { Learned } from './model-trees.ts';
import {
  frozenNetworks,
  type PersonalizedNetworks,
  predict,
  predictPersonalized,
} from './personalized-prediction.ts';

export interface DriftOptions {
  readonly networks: PersonalizedNetworks;
  readonly tokenizer: Tokenizer;
  readonly schedule: NoiseSchedule;
  /** Of the plain class, "a photo of a cat". */
  readonly prompt: string;
  /** Scaled latents [1, channels, height, width] that noise is added to: those of a reference. */
  readonly latents: Latents;
  readonly key: RandomKey;
}

export interface DriftProbe {
  /** ‖ε_θ − ε_φ‖ / ‖ε_φ‖ over the probe's times, whatever the model predicts; 0 is the base itself. */
  readonly measure: (learned: Learned<StateLeaf>) => Promise<number>;
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
  const { networks } = options;
  const probes = probesOf(options);
  const [{ inputs: first }] = probes as readonly [Probe];
  const epsilon = (output: NdArray, { inputs, level }: Probe): Latents => {
    const types = { from: options.schedule.predictionType, to: 'epsilon' } as const;
    return convertPrediction(output as Latents, types, inputs.sample, level);
  };
  const frozen = await frozenNetworks(model);
  const base = await device.compileStep(
    (inputs, trees: Tree<Tensor>) => ({
      outputs: { prediction: predict(trees as never, networks.configs, promptedBy(inputs)) },
      state: {},
    }),
    specs(first),
    unflatten(frozen.leaves()),
  );
  const expected: Latents[] = [];
  for (const probe of probes) {
    expected.push(epsilon((await base.run(probe.inputs, frozen)).prediction, probe));
  }
  await base.dispose();
  let compiled: Awaited<ReturnType<typeof compilePersonalized>> | undefined;
  return {
    async measure(learned) {
      const state = await device.combine({
        base: frozen.references() as Tree<StateLeaf>,
        learned: learned as Tree<StateLeaf>,
      });
      compiled ??= await compilePersonalized(model, networks, first, unflatten(state.leaves()));
      const found: Latents[] = [];
      for (const probe of probes) {
        found.push(epsilon((await compiled.run(probe.inputs, state)).prediction, probe));
      }
      await state.dispose();
      return relativeDistance(found, expected);
    },
    async dispose() {
      await compiled?.dispose();
      await frozen.dispose();
    },
  };
}

const compilePersonalized = (
  { device }: HeldModel,
  networks: PersonalizedNetworks,
  inputs: ProbeInputs,
  stateSpecs: Tree<TensorSpec>,
) =>
  device.compileStep(
    (inputs, trees) => {
      const { base, learned } = trees as unknown as {
        readonly base: Tree<Tensor>;
        readonly learned: Learned<Tensor>;
      };
      return {
        outputs: { prediction: predictPersonalized(networks, base, learned, promptedBy(inputs)) },
        state: {},
      };
    },
    specs(inputs),
    stateSpecs,
  );

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
