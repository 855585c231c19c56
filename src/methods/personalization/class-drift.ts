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
import { addNoise, type HeldModel, type Latents, type NoiseSchedule, timestep } from '../diffusion/index.ts';
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
  /** ‖ε_θ − ε_φ‖ / ‖ε_φ‖ over the probe's times; 0 is the base itself. */
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
  const feeds = probesOf(options);
  const frozen = await frozenNetworks(model);
  const base = await device.compileStep(
    (inputs, trees: Tree<Tensor>) => ({
      outputs: { prediction: predict(trees as never, networks.configs, promptedBy(inputs)) },
      state: {},
    }),
    specs(feeds[0]!),
    unflatten(frozen.leaves()),
  );
  const expected: NdArray[] = [];
  for (const inputs of feeds) expected.push((await base.run(inputs, frozen)).prediction);
  await base.dispose();
  let compiled: Awaited<ReturnType<typeof compilePersonalized>> | undefined;
  return {
    async measure(learned) {
      const state = await device.combine({
        base: frozen.references() as Tree<StateLeaf>,
        learned: learned as Tree<StateLeaf>,
      });
      compiled ??= await compilePersonalized(model, networks, feeds[0]!, unflatten(state.leaves()));
      const found: NdArray[] = [];
      for (const inputs of feeds) found.push((await compiled.run(inputs, state)).prediction);
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
  probe: Probe,
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
    specs(probe),
    stateSpecs,
  );

type Probe = { readonly [name in 'sample' | 'timestep' | 'ids']: NdArray };

function probesOf({ tokenizer, schedule, prompt, latents, key }: DriftOptions): readonly Probe[] {
  const ids = encodePrompts(tokenizer, [prompt]);
  return probedShares.map((share) => {
    const t = Math.round(share * (schedule.alphasCumprod.length - 1));
    const noise = normal(fold(key, t), latents.shape);
    return {
      sample: addNoise(schedule, { clean: latents, noise, timesteps: [timestep(t)] }),
      timestep: ndArray('float32', [1], Float32Array.of(t)),
      ids,
    };
  });
}

const specs = ({ sample, timestep, ids }: Probe) => ({
  sample: spec(sample.shape),
  timestep: spec(timestep.shape),
  ids: spec(ids.shape, ids.dtype),
});

const promptedBy = ({ ids, ...input }: { readonly [K in keyof Probe]: Tensor }) => ({
  ...input,
  prompt: { kind: 'ids', tensor: ids } as const,
});

function relativeDistance(found: readonly NdArray[], expected: readonly NdArray[]): number {
  let [difference, size] = [0, 0];
  for (const [index, { data }] of expected.entries()) {
    for (const [i, value] of (data as Float32Array).entries()) {
      difference += ((found[index]!.data as Float32Array)[i]! - value) ** 2;
      size += value ** 2;
    }
  }
  return Math.sqrt(difference / size);
}
