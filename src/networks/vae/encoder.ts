import type { Tensor, Tree } from '../../engine/index.ts';
import {
  activations,
  convolutionLayer,
  convolutionSpecs,
  downsample,
  enter,
  groupNormLayer,
  normSpecs,
  type ParameterSpec,
  type Parameters,
  resampleSpecs,
  resnetBlock,
  resnetBlockSpecs,
} from '../nn/index.ts';
import { midBlock, midBlockSpecs, type Part } from './mid-block.ts';
import type { VaeConfig } from './vae-config.ts';

/** image: [batch, 3, height, width] → [batch, 2 · latent channels, height / 8, width / 8] */
export const encoder = (parameters: Parameters, image: Tensor, config: VaeConfig, part: Part): Tensor =>
  enter(parameters, 'encoder', (encoder) => {
    let h = convolutionLayer(encoder, 'conv_in', image, { padding: 1 });
    config.channels.forEach((_, level) => {
      enter(encoder, `down_blocks.${level}`, (block) => {
        for (let layer = 0; layer < config.layersPerBlock; layer++) {
          const x = h;
          h = part(() => resnetBlock(block, `resnets.${layer}`, x, config));
        }
        if (level < config.channels.length - 1)
          h = downsample(block, 'downsamplers.0', h, 'right and bottom');
      });
    });
    h = midBlock(encoder, h, config, part);
    h = activations[config.activation](groupNormLayer(encoder, 'conv_norm_out', h, config.norm));
    return convolutionLayer(encoder, 'conv_out', h, { padding: 1 });
  });

export function encoderSpecs({
  inputChannels,
  latentChannels,
  channels,
  layersPerBlock,
}: VaeConfig): Tree<ParameterSpec> {
  const coarsest = channels.at(-1)!;
  return {
    conv_in: convolutionSpecs(inputChannels, channels[0]!, 3),
    down_blocks: channels.map((size, level) => ({
      resnets: Array.from({ length: layersPerBlock }, (_, layer) =>
        resnetBlockSpecs(layer === 0 ? channels[Math.max(level - 1, 0)]! : size, size),
      ),
      ...(level < channels.length - 1 && { downsamplers: [resampleSpecs(size)] }),
    })),
    mid_block: midBlockSpecs(coarsest),
    conv_norm_out: normSpecs(coarsest),
    conv_out: convolutionSpecs(coarsest, 2 * latentChannels, 3),
  };
}
