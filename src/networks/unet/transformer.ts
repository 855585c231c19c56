import { add, geglu, type Tensor, type Tree } from '../../engine/index.ts';
import {
  convolutionLayer,
  convolutionSpecs,
  enter,
  type FeatureHook,
  groupNormLayer,
  layerNormLayer,
  linearLayer,
  linearSpecs,
  normSpecs,
  type ParameterSpec,
  type Parameters,
  pass,
  toPixels,
  toTokens,
} from '../nn/index.ts';
import { attentionLayer, attentionLayerSpecs } from './attention-layer.ts';
import type { TransformerConfig } from './unet-config.ts';

export interface TransformerOptions {
  readonly config: TransformerConfig;
  readonly normGroups: number;
  /** [batch, context tokens, context size] */
  readonly context: Tensor;
  readonly features: FeatureHook | undefined;
}

/** Transformer layers over the pixels of a feature map, added to it. x: [batch, channels, height, width] → the same. */
export const transformer = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  { config, normGroups, context, features }: TransformerOptions,
): Tensor =>
  enter(parameters, name, (block) => {
    const size = x.shape.slice(2) as [height: number, width: number];
    const linear = config.projection === 'linear';
    const normalized = groupNormLayer(block, 'norm', x, { groups: normGroups, epsilon: 1e-6 });
    let tokens = linear
      ? linearLayer(block, 'proj_in', toTokens(normalized))
      : toTokens(convolutionLayer(block, 'proj_in', normalized)); // [batch, height · width, channels]
    for (let i = 0; i < config.layers; i++) {
      tokens = transformerLayer(block, `transformer_blocks.${i}`, tokens, { config, context, features });
    }
    const projected = linear
      ? toPixels(linearLayer(block, 'proj_out', tokens), size)
      : convolutionLayer(block, 'proj_out', toPixels(tokens, size));
    return pass(features, block.path, 'output', add(projected, x));
  });

/** Self-attention, cross-attention and a gated feed-forward layer, each normalized before and added after. */
const transformerLayer = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  { config, context, features }: Omit<TransformerOptions, 'normGroups'>,
): Tensor =>
  enter(parameters, name, (layer) => {
    const { heads } = config;
    const first = config.firstAttention === 'context' ? { heads, context, features } : { heads, features };
    let h = add(attentionLayer(layer, 'attn1', layerNormLayer(layer, 'norm1', x), first), x);
    h = add(
      attentionLayer(layer, 'attn2', layerNormLayer(layer, 'norm2', h), { heads, context, features }),
      h,
    );
    return add(feedForward(layer, 'ff', layerNormLayer(layer, 'norm3', h)), h);
  });

/** x: [batch, tokens, channels] → the same, through twice 4 · channels, one half gating the other. */
const feedForward = (parameters: Parameters, name: string, x: Tensor): Tensor =>
  enter(parameters, name, (layer) => linearLayer(layer, 'net.2', geglu(linearLayer(layer, 'net.0.proj', x))));

export function transformerSpecs({
  channels,
  layers,
  contextSize,
  projection,
  firstAttention,
}: TransformerConfig): Tree<ParameterSpec> {
  const projectionSpecs =
    projection === 'linear' ? linearSpecs(channels, channels) : convolutionSpecs(channels, channels, 1);
  const layer: Tree<ParameterSpec> = {
    norm1: normSpecs(channels),
    attn1: attentionLayerSpecs(channels, firstAttention === 'context' ? contextSize : channels),
    norm2: normSpecs(channels),
    attn2: attentionLayerSpecs(channels, contextSize),
    norm3: normSpecs(channels),
    ff: { net: { 0: { proj: linearSpecs(channels, 8 * channels) }, 2: linearSpecs(4 * channels, channels) } },
  };
  return {
    norm: normSpecs(channels),
    proj_in: projectionSpecs,
    transformer_blocks: new Array<typeof layer>(layers).fill(layer),
    proj_out: projectionSpecs,
  };
}
