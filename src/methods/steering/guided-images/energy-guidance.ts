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
} from '../../../engine/index.ts';
import { type UnetConfig, unetWithFeatures } from '../../../networks/unet/index.ts';
import {
  compileNetwork,
  convertPrediction,
  type Features,
  type HeldNetwork,
  type Latents,
  type NamedFeature,
  type NoiseLevel,
  type NoiseSchedule,
  rootMeanSquare,
  type Timestep,
  weightedSum,
} from '../../diffusion/index.ts';
import { type Plane, resizePlane } from '../../editing/index.ts';
import {
  gridOf,
  type LayerChoice,
  latentSize,
  type SelfAttentionFeatures,
} from './self-attention-features.ts';
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
  /**
   * `normalised`: to a root mean square of 1, so that the strength means the same at every step. Where the source is
   * written back outside the subject, the gradient is 0 in most of that: a small subject is then drawn more strongly.
   */
  readonly gradient: 'normalised' | 'as it is';
  /** The share of the steps that is guided, from the first on. */
  readonly until: number;
  /**
   * `free`: a shift that all of the subject's places share is not counted, such as that of its colour, which is then the
   * concept's; where its parts are, and all that is outside, stays the source's. It needs a mask, and features that are
   * vectors of a place: not the probabilities.
   */
  readonly subjectMean: 'followed' | 'free';
}

export interface CompiledEnergy {
  /** The energy at z_t, and its gradient with respect to it. */
  at(latents: Latents, timestep: Timestep, features: Features, signal?: AbortSignal): Promise<Energy>;
  dispose(): Promise<void>;
}

export interface Energy {
  readonly energy: number;
  /** Shaped like the latents. */
  readonly gradient: Latents;
}

export interface EnergyOptions {
  readonly features: readonly NamedFeature[];
  /** The target prompt, [1, tokens, size]. */
  readonly context: NdArray;
  /** Of the latents, [1, channels, height, width]. */
  readonly shape: Shape;
  /** m, as large as the latents, over which a shift of all features is free; without it nothing is. */
  readonly subject?: Plane | undefined;
}

/**
 * The distance of a network's features to the source's, differentiated through the UNet (as the energies of
 * self-guidance, Epstein et al. 2023, arXiv 2306.00986, section 3):
 *
 *     E = Σ_l mean D_l²,    D_l = F_l(z_t) − F_l(ẑ_t), less the shift m aᵀ that explains most of it
 *
 * A mean over a layer's elements, so that layers of all sizes count alike.
 */
export async function compileEnergy(
  device: Device,
  network: HeldNetwork<UnetConfig>,
  { features, context, shape, subject }: EnergyOptions,
): Promise<CompiledEnergy> {
  const size = latentSize(shape);
  const program = await compileNetwork(
    device,
    network,
    (parameters, { sample, timestep, context: encoderHiddenStates, ...source }): Record<string, Tensor> => {
      const given = source as Readonly<Record<string, Tensor>>;
      const input = { sample, timestep, encoderHiddenStates, activations: 'recompute' } as const;
      const record = features.map(({ name }) => name);
      const found = unetWithFeatures(parameters, network.config, input, { record }).features;
      const differenceOf = ({ name, label }: NamedFeature) => {
        const difference = subtract(found[name]!, given[label]!);
        if (subject === undefined) return difference;
        return withoutShift(difference, resizePlane(subject, gridOf(network.config, size, name)));
      };
      const energy = features
        .map(differenceOf)
        .map((difference) => mean(multiply(difference, difference)))
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

/** d − m (Σ m d / Σ m²), sums over the places, the axis before the last. */
function withoutShift(difference: Tensor, { data }: Plane): Tensor {
  const norm = data.reduce((sum, share) => sum + share ** 2, 0);
  const share = constant(ndArray('float32', [data.length, 1], data));
  const shift = divide(sum(multiply(difference, share), { axes: [-2], keepAxes: true }), norm);
  return subtract(difference, multiply(share, shift));
}

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
  const size = rootMeanSquare(slope);
  if (size === 0 || level.alpha === 0) return output;
  const weight = (strength * level.sigma) / (form === 'normalised' ? size : 1);
  const own = schedule.predictionType;
  const ε = convertPrediction(output, { from: own, to: 'epsilon' }, latents, level);
  const guided = weightedSum([1, ε], [weight, slope]);
  return convertPrediction(guided, { from: 'epsilon', to: own }, latents, level);
}
