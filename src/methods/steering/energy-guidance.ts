import {
  add,
  constant,
  type Device,
  divide,
  gradient,
  mean,
  multiply,
  type NdArray,
  ndArray,
  type Shape,
  spec,
  subtract,
  sum,
  type Tensor,
} from '../../engine/index.ts';
import { type UnetConfig, unetWithFeatures } from '../../networks/unet/index.ts';
import {
  compileNetwork,
  convertPrediction,
  type Features,
  type HeldNetwork,
  type Latents,
  type NamedFeature,
  type NoiseLevel,
  type NoiseSchedule,
  type Timestep,
  weightedSum,
} from '../diffusion/index.ts';
import { type Plane, resizePlane } from '../editing/index.ts';
import { gridOf, type LayerChoice, type SelfAttentionFeatures } from './self-attention-features.ts';
import type { SourceNoise } from './source-trajectory.ts';

/** Sampling that is drawn to the source's self-attention by the gradient of a distance. */
export interface EnergyGuidance {
  readonly kind: 'energy';
  readonly features: SelfAttentionFeatures;
  /** Whose features the source's are; those of what is sampled are always the personalized model's. */
  readonly featuresOf: 'personalized' | 'pre-trained';
  readonly sourceNoise: SourceNoise;
  readonly layers: LayerChoice;
  /** s */
  readonly strength: number;
  /** `normalised`: to a root mean square of 1, so that the strength means the same at every size, step and layer. */
  readonly gradient: 'normalised' | 'as it is';
  /** The share of the steps that is guided, from the first on. */
  readonly until: number;
  /**
   * `free`: the mean difference over the subject's places is not counted. What all of the subject shares, such as its
   * colour, is then the concept's; where its parts are, and all that is outside, stays the source's. It needs a mask,
   * and features that are vectors of a place: not the probabilities.
   */
  readonly subjectMean: 'followed' | 'free';
}

export interface CompiledEnergy {
  /** Σ_l ‖F_l(z_t) − F_l(ẑ_t)‖² and its gradient with respect to z_t. */
  at(latents: Latents, timestep: Timestep, features: Features, signal?: AbortSignal): Promise<Energy>;
  dispose(): Promise<void>;
}

export interface Energy {
  readonly energy: number;
  /** Shaped like the latents. */
  readonly gradient: Latents;
}

/**
 * The distance of a network's features to the source's, differentiated through the UNet (as the energies of
 * self-guidance, Epstein et al. 2023, arXiv 2306.00986, section 3). Each layer's norm is a mean over its elements, so
 * that layers of all sizes count alike.
 * @param context the target prompt, [1, tokens, size]
 * @param subject M as large as the latents, over which the mean difference is free; none: all is followed
 */
export async function compileEnergy(
  device: Device,
  network: HeldNetwork<UnetConfig>,
  features: readonly NamedFeature[],
  context: NdArray,
  shape: Shape,
  subject?: Plane,
): Promise<CompiledEnergy> {
  const program = await compileNetwork(
    device,
    network,
    (parameters, { sample, timestep, context: encoderHiddenStates, ...source }): Record<string, Tensor> => {
      const given = source as Readonly<Record<string, Tensor>>;
      const input = { sample, timestep, encoderHiddenStates, activations: 'recompute' } as const;
      const record = features.map(({ name }) => name);
      const found = unetWithFeatures(parameters, network.config, input, { record }).features;
      const energy = features
        .map(({ name, label }) => {
          const raw = subtract(found[name]!, given[label]!);
          const grid = gridOf(network.config, sizeOf(shape), name);
          const difference = subject === undefined ? raw : withoutMean(raw, resizePlane(subject, grid));
          return mean(multiply(difference, difference));
        })
        .reduce((a, b) => add(a, b));
      return { energy, gradient: gradient(energy, sample) };
    },
    {
      sample: spec(shape),
      timestep: spec([1]),
      context: spec(context.shape),
      ...Object.fromEntries(features.map(({ label, spec: own }) => [label, own])),
    },
  );
  return {
    async at(latents, timestep, given, signal) {
      const time = ndArray('float32', [1], Float32Array.of(timestep));
      const inputs = { sample: latents, timestep: time, context, ...given };
      const found = await program.run(inputs, network.parameters, { ...(signal && { signal }) });
      const { energy, gradient: slope } = found as Readonly<Record<string, NdArray>>;
      return { energy: Number(energy!.data[0]), gradient: slope as Latents };
    },
    dispose: () => program.dispose(),
  };
}

/** d − m · (Σ m d / Σ m) over the places, the axis before the last. */
function withoutMean(difference: Tensor, { data }: Plane): Tensor {
  const total = data.reduce((all, share) => all + share, 0);
  if (total === 0) return difference;
  const share = constant(ndArray('float32', [data.length, 1], data));
  const average = divide(sum(multiply(difference, share), { axes: [-2], keepAxes: true }), total);
  return subtract(difference, multiply(share, average));
}

const sizeOf = (shape: Shape) => shape.slice(-2) as [height: number, width: number];

/**
 * ε + s · σ_t · ∇_{z_t} E: the prediction of a sampler's step, in the schedule's prediction type, drawn to less energy.
 * A gradient of 0 changes nothing. Neither does any where there is no signal (schedules that end at pure noise): ε is
 * then x_t itself, and a clean picture does not depend on it.
 */
export function addEnergyGradient(
  output: Latents,
  {
    latents,
    level,
    slope,
  }: { readonly latents: Latents; readonly level: NoiseLevel; readonly slope: Latents },
  { strength, gradient: form }: Pick<EnergyGuidance, 'strength' | 'gradient'>,
  schedule: NoiseSchedule,
): Latents {
  const size = Math.sqrt(slope.data.reduce((sum, value) => sum + value ** 2, 0) / slope.data.length);
  if (size === 0 || level.alpha === 0) return output;
  const weight = (strength * level.sigma) / (form === 'normalised' ? size : 1);
  const own = schedule.predictionType;
  const ε = convertPrediction(output, { from: own, to: 'epsilon' }, latents, level);
  const guided = weightedSum([1, ε], [weight, slope]);
  return convertPrediction(guided, { from: 'epsilon', to: own }, latents, level);
}
