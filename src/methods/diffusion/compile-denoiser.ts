import {
  concatenate,
  type NdArray,
  ndArray,
  slice,
  spec,
  type Tensor,
  type TensorSpec,
} from '../../engine/index.ts';
import { unetWithFeatures } from '../../networks/unet/index.ts';
import { classifierFreeGuidance, type GuidanceOptions } from './classifier-free-guidance.ts';
import type { Latents } from './denoiser.ts';
import { compileNetwork, type HeldModel } from './held-model.ts';
import type { Timestep } from './noise-level.ts';

/** Features by their labels. */
export type Features = Readonly<Record<string, NdArray>>;

/** A feature of the UNet as programs read or give it. */
export interface NamedFeature {
  /** `up_blocks.1.attentions.0.transformer_blocks.0.attn1.queries` */
  readonly name: string;
  /** What programs call it, since names are paths: `feature0`. */
  readonly label: string;
  /** For the pictures once, whether there is guidance or not. */
  readonly spec: TensorSpec;
}

export interface CompiledDenoiser {
  /** A `Denoiser`, which is given all features that are replaced. */
  readonly denoise: (
    latents: Latents,
    timestep: Timestep,
    signal?: AbortSignal,
    features?: Features,
  ) => Promise<Latents>;
  readonly dispose: () => Promise<void>;
}

/**
 * The UNet under guidance: both prompts of all pictures in one batch. Dispose of it when all of them are sampled.
 * @param shape of the latents, [count, 4, height / 8, width / 8]
 * @param context from `guidedContext` for as many pictures
 * @param replaced features that are given, with and without text alike
 */
export async function compileDenoiser(
  { device, unet: network }: HeldModel,
  shape: readonly number[],
  context: NdArray,
  guidance: GuidanceOptions,
  replaced: readonly NamedFeature[] = [],
): Promise<CompiledDenoiser> {
  const count = shape[0]!;
  const batch = guidance.guidanceScale === 1 ? count : 2 * count;
  if (context.shape[0] !== batch) {
    throw new Error(
      `compileDenoiser: ${count} picture(s) at a guidance scale of ${guidance.guidanceScale} need ${batch} contexts, got ${context.shape[0]}`,
    );
  }
  const program = await compileNetwork(
    device,
    network,
    (parameters, { latents, timestep, encoderHiddenStates, ...features }): Record<string, Tensor> => {
      const given = features as Readonly<Record<string, Tensor>>;
      const repeated = (x: Tensor) => (batch === count ? x : concatenate([x, x], 0));
      const replace = Object.fromEntries(replaced.map(({ name, label }) => [name, repeated(given[label]!)]));
      const input = { sample: repeated(latents), timestep, encoderHiddenStates };
      const { prediction } = unetWithFeatures(parameters, network.config, input, { replace });
      if (batch === count) return { conditional: prediction };
      return {
        conditional: slice(prediction, { axis: 0, end: count }),
        unconditional: slice(prediction, { axis: 0, start: count }),
      };
    },
    {
      latents: spec(shape),
      timestep: spec([batch]),
      encoderHiddenStates: spec(context.shape),
      ...Object.fromEntries(replaced.map(({ label, spec: own }) => [label, own])),
    },
  );
  const denoise: CompiledDenoiser['denoise'] = async (latents, timestep, signal, features) => {
    const timesteps = ndArray('float32', [batch], new Float32Array(batch).fill(timestep));
    const inputs = { latents, timestep: timesteps, encoderHiddenStates: context, ...features };
    const predictions = await program.run(inputs, network.parameters, { ...(signal && { signal }) });
    const { conditional, unconditional } = predictions as Readonly<Record<string, Latents>>;
    return unconditional === undefined
      ? conditional!
      : classifierFreeGuidance(conditional!, unconditional, guidance);
  };
  return { denoise, dispose: () => program.dispose() };
}
