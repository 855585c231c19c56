import type { NdArray, RandomKey, Tree } from '../../engine/index.ts';
import { convolutionSpecs, initializeParameters, normSpecs, type ParameterSpec } from '../nn/index.ts';
import { blockSpecs, midBlockSpecs } from './blocks.ts';
import { classEmbeddingSpecs } from './class-embedding.ts';
import { embeddingMlpSpecs } from './timestep-embedding.ts';
import { channelsAfter, type UnetConfig } from './unet-config.ts';

/** Every parameter of the UNet, by its name in diffusers' state dict: shape and initial distribution. */
export function unetParameterSpecs(config: UnetConfig): Tree<ParameterSpec> {
  const { timeEmbedding, downBlocks, midBlock, upBlocks } = config;
  const first = downBlocks[0]!.resnets[0]!.inputChannels;
  const last = channelsAfter(upBlocks.at(-1)!);
  const classes = classEmbeddingSpecs(config);
  return {
    conv_in: convolutionSpecs(config.inputChannels, first, config.inputKernel),
    time_embedding: embeddingMlpSpecs(timeEmbedding.sinusoid.size, timeEmbedding.size),
    ...(classes !== undefined && { class_embedding: classes }),
    down_blocks: downBlocks.map((block) => blockSpecs(block, timeEmbedding.size)),
    ...(midBlock !== undefined && { mid_block: midBlockSpecs(midBlock, timeEmbedding.size) }),
    up_blocks: upBlocks.map((block) => blockSpecs(block, timeEmbedding.size)),
    conv_norm_out: normSpecs(last),
    conv_out: convolutionSpecs(last, config.outputChannels, config.outputKernel),
  };
}

/**
 * Random parameters to train from, distributed as PyTorch's layers are; like diffusers' UNet, nothing but norms'
 * shifts begins at zero.
 */
export const initializeUnet = (key: RandomKey, config: UnetConfig): Tree<NdArray> =>
  initializeParameters(key, unetParameterSpecs(config));
