import { type Device, type NdArray, ndArray, type Shape, spec, type Tensor } from '../../../engine/index.ts';
import { type UnetConfig, unetWithFeatures } from '../../../networks/unet/index.ts';
import {
  compileNetwork,
  type Features,
  type HeldNetwork,
  type Latents,
  type NamedFeature,
  type Timestep,
} from '../../diffusion/index.ts';

export interface FeatureRecorder {
  /** Features of noisy latents. */
  record(latents: Latents, timestep: Timestep, signal?: AbortSignal): Promise<Features>;
  dispose(): Promise<void>;
}

/**
 * Reads features of a network under a text. What of the network comes after them is not computed.
 * @param context [1, tokens, size]
 */
export async function compileRecorder(
  device: Device,
  network: HeldNetwork<UnetConfig>,
  features: readonly NamedFeature[],
  context: NdArray,
  shape: Shape,
): Promise<FeatureRecorder> {
  const program = await compileNetwork(
    device,
    network,
    (parameters, { sample, timestep, context: encoderHiddenStates }): Record<string, Tensor> => {
      const record = features.map(({ name }) => name);
      const input = { sample, timestep, encoderHiddenStates };
      const found = unetWithFeatures(parameters, network.config, input, { record }).features;
      return Object.fromEntries(features.map(({ name, label }) => [label, found[name]!]));
    },
    { sample: spec(shape), timestep: spec([1]), context: spec(context.shape) },
  );
  return {
    async record(latents, timestep, signal) {
      const time = ndArray('float32', [1], Float32Array.of(timestep));
      const inputs = { sample: latents, timestep: time, context };
      return (await program.run(inputs, network.parameters, { ...(signal && { signal }) })) as Features;
    },
    dispose: () => program.dispose(),
  };
}
