import {
  concatenate,
  type Device,
  type NdArray,
  ndArray,
  type Shape,
  slice,
  spec,
  type Tensor,
} from '../../engine/index.ts';
import { type UnetConfig, unetWithFeatures } from '../../networks/unet/index.ts';
import {
  classifierFreeGuidance,
  compileNetwork,
  type GuidanceOptions,
  type HeldNetwork,
  type Latents,
  type Timestep,
} from '../diffusion/index.ts';
import type { ChosenFeature, Features, LayerChoice } from './self-attention-features.ts';
import type { SourceNoise } from './source-trajectory.ts';

/** Plug-and-Play (Tumanyan et al. 2023, arXiv 2211.12572, section 4): the source's features in the place of one's own. */
export interface FeatureInjection {
  readonly kind: 'injection';
  /** Who looks at the source, under the empty prompt. */
  readonly featuresOf: 'personalized' | 'pre-trained';
  readonly sourceNoise: SourceNoise;
  /** Self-attentions whose queries and keys are injected. */
  readonly layers: LayerChoice;
  /** The share of the steps in which they are, from the first on. */
  readonly attentionUntil: number;
  /** Further features that are injected, by name: residuals of resnets, or outputs. */
  readonly residuals: readonly string[];
  readonly residualUntil: number;
}

export interface InjectedDenoiser {
  /** @param features of the source at the same timestep */
  denoise(latents: Latents, timestep: Timestep, features: Features, signal?: AbortSignal): Promise<Latents>;
  dispose(): Promise<void>;
}

/**
 * The UNet under guidance for one picture, with features given, the same with and without text.
 * @param context from `guidedContext`, [1 or 2, tokens, size]
 */
export async function compileInjected(
  device: Device,
  network: HeldNetwork<UnetConfig>,
  features: readonly ChosenFeature[],
  context: NdArray,
  { shape, guidance }: { readonly shape: Shape; readonly guidance: GuidanceOptions },
): Promise<InjectedDenoiser> {
  const batch = context.shape[0]!;
  const repeated = (x: Tensor) => (batch === 1 ? x : concatenate([x, x], 0));
  const program = await compileNetwork(
    device,
    network,
    (parameters, { latents, timestep, context: encoderHiddenStates, ...source }): Record<string, Tensor> => {
      const given = source as Readonly<Record<string, Tensor>>;
      const replace = Object.fromEntries(features.map(({ name, label }) => [name, repeated(given[label]!)]));
      const input = { sample: repeated(latents), timestep, encoderHiddenStates };
      const { prediction } = unetWithFeatures(parameters, network.config, input, { replace });
      if (batch === 1) return { conditional: prediction };
      return {
        conditional: slice(prediction, { axis: 0, end: 1 }),
        unconditional: slice(prediction, { axis: 0, start: 1 }),
      };
    },
    {
      latents: spec(shape),
      timestep: spec([batch]),
      context: spec(context.shape),
      ...Object.fromEntries(features.map(({ label, spec: own }) => [label, own])),
    },
  );
  return {
    async denoise(latents, timestep, given, signal) {
      const time = ndArray('float32', [batch], new Float32Array(batch).fill(timestep));
      const inputs = { latents, timestep: time, context, ...given };
      const found = await program.run(inputs, network.parameters, { ...(signal && { signal }) });
      const { conditional, unconditional } = found as Readonly<Record<string, Latents>>;
      return unconditional === undefined
        ? conditional!
        : classifierFreeGuidance(conditional!, unconditional, guidance);
    },
    dispose: () => program.dispose(),
  };
}
