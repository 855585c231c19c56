import { add, attention, type Tensor, type Tree } from '../../engine/index.ts';
import {
  enter,
  groupNormLayer,
  linearLayer,
  linearSpecs,
  normSpecs,
  type ParameterSpec,
  type Parameters,
  resnetBlock,
  resnetBlockSpecs,
  toPixels,
  toTokens,
} from '../nn/index.ts';
import type { VaeConfig } from './vae-config.ts';

/** Marks a part of the network for keeping or for recomputation. */
export type Part = (build: () => Tensor) => Tensor;

/** Resnet, attention among all pixels, resnet, at the coarsest resolution. x: [batch, channels, height, width] */
export const midBlock = (parameters: Parameters, x: Tensor, config: VaeConfig, part: Part): Tensor =>
  enter(parameters, 'mid_block', (block) => {
    const before = part(() => resnetBlock(block, 'resnets.0', x, config));
    const attended = part(() => pixelAttention(block, 'attentions.0', before, config));
    return part(() => resnetBlock(block, 'resnets.1', attended, config));
  });

export const midBlockSpecs = (channels: number): Tree<ParameterSpec> => ({
  resnets: [resnetBlockSpecs(channels, channels), resnetBlockSpecs(channels, channels)],
  attentions: [
    {
      group_norm: normSpecs(channels),
      to_q: linearSpecs(channels, channels),
      to_k: linearSpecs(channels, channels),
      to_v: linearSpecs(channels, channels),
      to_out: [linearSpecs(channels, channels)],
    },
  ],
});

/** One head as wide as the picture has channels, beside an identity. */
const pixelAttention = (parameters: Parameters, name: string, x: Tensor, { norm }: VaeConfig): Tensor =>
  enter(parameters, name, (layer) => {
    const size = x.shape.slice(2) as [number, number];
    const tokens = toTokens(groupNormLayer(layer, 'group_norm', x, norm)); // [batch, height · width, channels]
    const [query, key, value] = (['to_q', 'to_k', 'to_v'] as const).map((projection) =>
      linearLayer(layer, projection, tokens),
    ) as [Tensor, Tensor, Tensor];
    return add(x, toPixels(linearLayer(layer, 'to_out.0', attention(query, key, value)), size));
  });
