import type { Tensor, Tree } from '../../engine/index.ts';
import {
  activations,
  convolutionLayer,
  convolutionSpecs,
  enter,
  groupNormLayer,
  normSpecs,
  type ParameterSpec,
  type Parameters,
  resampleSpecs,
  resnetBlock,
  resnetBlockSpecs,
  upsample,
} from '../nn/index.ts';
import { midBlock, midBlockSpecs, type Part } from './mid-block.ts';
import type { VaeConfig } from './vae-config.ts';

/** latents: [batch, latent channels, height, width] → [batch, 3, 8 · height, 8 · width] */
export const decoder = (parameters: Parameters, latents: Tensor, config: VaeConfig, part: Part): Tensor =>
  enter(parameters, 'decoder', (decoder) => {
    let h = convolutionLayer(decoder, 'conv_in', latents, { padding: 1 });
    h = midBlock(decoder, h, config, part);
    config.channels.forEach((_, step) => {
      enter(decoder, `up_blocks.${step}`, (block) => {
        for (let layer = 0; layer <= config.layersPerBlock; layer++) {
          const x = h;
          h = part(() => resnetBlock(block, `resnets.${layer}`, x, config));
        }
        if (step < config.channels.length - 1) h = upsample(block, 'upsamplers.0', h);
      });
    });
    h = activations[config.activation](groupNormLayer(decoder, 'conv_norm_out', h, config.norm));
    return convolutionLayer(decoder, 'conv_out', h, { padding: 1 });
  });

export function decoderSpecs(config: VaeConfig): Tree<ParameterSpec> {
  const { outputChannels, latentChannels, layersPerBlock } = config;
  const channels = config.channels.toReversed(); // the coarsest first
  return {
    conv_in: convolutionSpecs(latentChannels, channels[0]!, 3),
    mid_block: midBlockSpecs(channels[0]!),
    up_blocks: channels.map((size, step) => ({
      resnets: Array.from({ length: layersPerBlock + 1 }, (_, layer) =>
        resnetBlockSpecs(layer === 0 ? channels[Math.max(step - 1, 0)]! : size, size),
      ),
      ...(step < channels.length - 1 && { upsamplers: [resampleSpecs(size)] }),
    })),
    conv_norm_out: normSpecs(channels.at(-1)!),
    conv_out: convolutionSpecs(channels.at(-1)!, outputChannels, 3),
  };
}
