import type { Bounds, ConfigReader } from '../nn/index.ts';
import type { TransformerConfig } from './unet-config.ts';

/** One resolution of a UNet. */
export interface UnetLevel {
  readonly channels: number;
  /** Resnets on the way down; there is one more on the way up. */
  readonly layers: number;
  readonly downTransformer: TransformerConfig | undefined;
  readonly upTransformer: TransformerConfig | undefined;
  /** What the block in the middle has, if this is the coarsest level. */
  readonly midTransformer: TransformerConfig;
}

/** Stable Diffusion's largest are 1,280 channels and a text size of 1,024; SDXL's 1,280 and 2,048. */
export const channelBounds: Bounds = { least: 1, most: 16_384 };

/** A level halves height and width: sixteen are more than any picture has halvings. */
const mostLevels = 16;

/** Reads the options that have one value a resolution; the finest comes first. */
export function readUnetLevels(reader: ConfigReader): readonly UnetLevel[] {
  const down = reader.choices(
    'down_block_types',
    ['DownBlock2D', 'CrossAttnDownBlock2D'],
    ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  );
  const up = reader.choices(
    'up_block_types',
    ['UpBlock2D', 'CrossAttnUpBlock2D'],
    ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  );
  const count = down.length;
  if (count > mostLevels) reader.refuse('down_block_types', `a list of at most ${mostLevels}`);
  if (up.length !== count) reader.refuse('up_block_types', `a list of ${count}, as many as down_block_types`);

  const wholeNumbers = (option: string, most: number, missing: number | readonly number[]) =>
    reader.wholeNumbers(option, count, { least: 1, most, default: missing });
  const channels = wholeNumbers('block_out_channels', channelBounds.most, [320, 640, 1280, 1280]);
  const layers = wholeNumbers('layers_per_block', 16, 2);
  const heads = wholeNumbers('attention_head_dim', 1024, 8);
  const contextSizes = wholeNumbers('cross_attention_dim', channelBounds.most, 1280);
  const transformerLayers = wholeNumbers('transformer_layers_per_block', 32, 1);
  const onlyContext = reader.flags('only_cross_attention', count, false);
  const projection = reader.flag('use_linear_projection', false) ? 'linear' : 'convolution';

  return channels.map((size, level): UnetLevel => {
    const transformer: TransformerConfig = {
      channels: size,
      heads: heads[level]!,
      layers: transformerLayers[level]!,
      contextSize: contextSizes[level]!,
      projection,
      firstAttention: onlyContext[level] ? 'context' : 'self',
    };
    return {
      channels: size,
      layers: layers[level]!,
      downTransformer: down[level] === 'CrossAttnDownBlock2D' ? transformer : undefined,
      upTransformer: up[count - 1 - level] === 'CrossAttnUpBlock2D' ? transformer : undefined,
      midTransformer: { ...transformer, firstAttention: 'self' },
    };
  });
}
