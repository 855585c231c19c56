import type { NdArray, RandomKey, Tree } from '../../engine/index.ts';
import { convolutionSpecs, initializeParameters, type ParameterSpec } from '../nn/index.ts';
import { decoderSpecs } from './decoder.ts';
import { encoderSpecs } from './encoder.ts';
import type { VaeConfig } from './vae-config.ts';

/** Every parameter of the autoencoder, by its name in diffusers' state dict: shape and initial distribution. */
export const vaeParameterSpecs = (config: VaeConfig): Tree<ParameterSpec> => ({
  encoder: encoderSpecs(config),
  decoder: decoderSpecs(config),
  quant_conv: convolutionSpecs(2 * config.latentChannels, 2 * config.latentChannels, 1),
  post_quant_conv: convolutionSpecs(config.latentChannels, config.latentChannels, 1),
});

/** Random parameters to train from scratch with, distributed as PyTorch's layers are. */
export const initializeVae = (key: RandomKey, config: VaeConfig): Tree<NdArray> =>
  initializeParameters(key, vaeParameterSpecs(config));
