import type { LazyArray } from '../../formats/lazy-array.ts';
import type { JsonObject } from '../json-file.ts';
import type { LazyArrays } from '../named-arrays.ts';
import type { Prediction } from '../prediction.ts';
import type { Family } from '../stable-diffusion.ts';
import { modelSpec } from './model-spec.ts';

/**
 * What a tree's shapes tell of its network, as the config.json that diffusers would have. What shapes do not tell
 * (heads, groups, activations) is what the family's published models have: the original repositories'
 * v1-inference.yaml and v2-inference.yaml.
 */
export function inferUnetConfig(arrays: LazyArrays, family: Family, { cells }: NativeSize): JsonObject {
  const channels = sizes(arrays, (level) => `down_blocks.${level}.resnets.0.conv1.weight`, 0);
  const transformers = channels.map((_, level) =>
    arrays.has(`down_blocks.${level}.attentions.0.norm.weight`),
  );
  const upTransformers = channels.map((_, level) =>
    arrays.has(`up_blocks.${level}.attentions.0.norm.weight`),
  );
  const keys = [...arrays].find(([name]) => name.endsWith('.attn2.to_k.weight'))?.[1];
  const projection = [...arrays].find(([name]) => name.endsWith('.proj_in.weight'))?.[1];
  const deep = (block: string) => sizes(arrays, (layer) => `${block}.${layer}.norm1.weight`, 0).length;
  return {
    _class_name: 'UNet2DConditionModel',
    in_channels: size(arrays.get('conv_in.weight'), 1, 4),
    out_channels: size(arrays.get('conv_out.weight'), 0, 4),
    block_out_channels: channels,
    layers_per_block: channels.map(
      (_, level) => sizes(arrays, (layer) => `down_blocks.${level}.resnets.${layer}.conv1.weight`, 0).length,
    ),
    transformer_layers_per_block: channels.map((_, level) =>
      Math.max(1, deep(`down_blocks.${level}.attentions.0.transformer_blocks`)),
    ),
    down_block_types: transformers.map((has) => (has ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    up_block_types: upTransformers.map((has) => (has ? 'CrossAttnUpBlock2D' : 'UpBlock2D')),
    cross_attention_dim: size(keys, 1, family === 'SD 1.x' ? 768 : 1024),
    use_linear_projection: projection?.shape.length === 2,
    attention_head_dim:
      family === 'SD 1.x' ? 8 : channels.map((count) => Math.max(1, Math.round(count / 64))),
    sample_size: cells,
    act_fn: 'silu',
    norm_num_groups: 32,
    norm_eps: 1e-5,
  };
}

export function inferVaeConfig(arrays: LazyArrays, { cells }: NativeSize): JsonObject {
  const channels = vaeChannels(arrays);
  return {
    _class_name: 'AutoencoderKL',
    in_channels: size(arrays.get('encoder.conv_in.weight'), 1, 3),
    out_channels: size(arrays.get('decoder.conv_out.weight'), 0, 3),
    latent_channels: size(arrays.get('post_quant_conv.weight'), 0, 4),
    block_out_channels: channels,
    layers_per_block: sizes(arrays, (layer) => `encoder.down_blocks.0.resnets.${layer}.conv1.weight`, 0)
      .length,
    down_block_types: channels.map(() => 'DownEncoderBlock2D'),
    up_block_types: channels.map(() => 'UpDecoderBlock2D'),
    act_fn: 'silu',
    norm_num_groups: 32,
    sample_size: cells * cellSide(arrays),
    scaling_factor: 0.18215,
  };
}

/** Side of the pictures that a model was trained on, in cells of its latents. */
export interface NativeSize {
  readonly cells: number;
}

/** As the file says it, or 512 pixels of the published autoencoders, 768 with the velocity models of SD 2.x. */
export function inferNativeSize(
  vae: LazyArrays,
  family: Family,
  prediction: Prediction,
  metadata: ReadonlyMap<string, string>,
): NativeSize {
  const side = modelSpec.resolution.read(metadata);
  if (side !== undefined) return { cells: Math.max(1, Math.round(side / cellSide(vae))) };
  return { cells: family === 'SD 2.x' && prediction === 'v_prediction' ? 96 : 64 };
}

/** In pixels: each resolution of the autoencoder but the first halves the sides. */
const cellSide = (vae: LazyArrays): number => 2 ** Math.max(0, vaeChannels(vae).length - 1);

const vaeChannels = (arrays: LazyArrays): number[] =>
  sizes(arrays, (level) => `encoder.down_blocks.${level}.resnets.0.conv1.weight`, 0);

export function inferTextEncoderConfig(arrays: LazyArrays, family: Family): JsonObject {
  const table = arrays.get('text_model.embeddings.token_embedding.weight');
  const hidden = size(table, 1, 768);
  return {
    architectures: ['CLIPTextModel'],
    model_type: 'clip_text_model',
    vocab_size: size(table, 0, 49_408),
    hidden_size: hidden,
    intermediate_size: size(arrays.get('text_model.encoder.layers.0.mlp.fc1.weight'), 0, 4 * hidden),
    num_hidden_layers: sizes(arrays, (layer) => `text_model.encoder.layers.${layer}.layer_norm1.weight`, 0)
      .length,
    num_attention_heads: Math.max(1, Math.round(hidden / 64)),
    max_position_embeddings: size(arrays.get('text_model.embeddings.position_embedding.weight'), 0, 77),
    hidden_act: family === 'SD 1.x' ? 'quick_gelu' : 'gelu',
    layer_norm_eps: 1e-5,
    projection_dim: family === 'SD 1.x' ? 768 : 512,
    bos_token_id: 0, // as the published configurations have them; 2 stands for "the largest id"
    eos_token_id: 2,
    pad_token_id: 1,
  };
}

/** One axis of the tensors called `name(0)`, `name(1)`, … as far as there are any. */
function sizes(arrays: LazyArrays, name: (index: number) => string, axis: number): number[] {
  const found: number[] = [];
  for (let next = arrays.get(name(0)); next !== undefined; next = arrays.get(name(found.length))) {
    found.push(size(next, axis, 1));
  }
  return found;
}

const size = (array: LazyArray | undefined, axis: number, missing: number): number =>
  array?.shape[axis] ?? missing;
