import { flatten, sizeOf } from '../../engine/index.ts';
import { ConfigReader, type ParameterSpec } from '../nn/index.ts';
import { planDownBlocks, planUpBlocks } from './plan-unet-blocks.ts';
import { channelBounds, readUnetLevels, type UnetLevel } from './read-unet-levels.ts';
import {
  type ClassEmbeddingConfig,
  type MidBlockConfig,
  type TimeEmbeddingConfig,
  transformersOf,
  type UnetConfig,
} from './unet-config.ts';
import { unetParameterSpecs } from './unet-parameters.ts';

/**
 * Reads diffusers' config.json of a UNet2DConditionModel; what it leaves out has diffusers' default.
 * @param json the parsed file
 * @throws a sentence that names the option, for one that is not supported, not known, or absurd
 */
export function parseUnetConfig(json: unknown): UnetConfig {
  const reader = new ConfigReader('unet config', json);
  refuseOtherFamilies(reader);
  const levels = readUnetLevels(reader);
  const padding = reader.wholeNumber('downsample_padding', { least: 0, most: 1, default: 1 });
  const config: UnetConfig = {
    inputChannels: reader.wholeNumber('in_channels', { ...channelBounds, default: 4 }),
    outputChannels: reader.wholeNumber('out_channels', { ...channelBounds, default: 4 }),
    sampleSize: reader.optionalWholeNumber('sample_size', { least: 1, most: 65_536 }),
    sampleRange: reader.flag('center_input_sample', false) ? 'centred' : 'as it is',
    inputKernel: readKernel(reader, 'conv_in_kernel'),
    outputKernel: readKernel(reader, 'conv_out_kernel'),
    norm: {
      groups: reader.wholeNumber('norm_num_groups', { ...channelBounds, default: 32 }),
      epsilon: reader.number('norm_eps', { least: 0, most: 1, default: 1e-5 }),
    },
    activation: reader.choice('act_fn', activationNames, 'silu'),
    timeEmbedding: readTimeEmbedding(reader, levels[0]!.channels),
    classEmbedding: readClassEmbedding(reader),
    downBlocks: planDownBlocks(levels, padding === 1 ? 'all sides' : 'right and bottom'),
    midBlock: readMidBlock(reader, levels.at(-1)!),
    upBlocks: planUpBlocks(levels),
  };
  reader.finish(harmless);
  checkDivisibility(reader, config);
  checkSize(config);
  return config;
}

/** The activations that diffusers' UNet knows. */
const activationNames = ['silu', 'swish', 'mish', 'gelu', 'relu'] as const;

/**
 * Options without a say in what is computed. upcast_attention asks for float32 attention scores where the rest is
 * float16: here they are float32 unless a program is compiled for float16, and then the queries are scaled before
 * the product, which keeps it in range, and the softmax is computed in float32.
 */
const harmless = ['upcast_attention', 'addition_embed_type_num_heads', 'addition_time_embed_dim'];

/** Ten billion: Stable Diffusion's UNets have 0.9, SDXL's 2.6. */
const mostParameters = 1e10;

/** What diffusers' one class computes for others: DeepFloyd IF, Kandinsky, SDXL, GLIGEN, latent consistency. */
function refuseOtherFamilies(reader: ConfigReader): void {
  reader.only('_class_name', 'UNet2DConditionModel');
  reader.only('num_attention_heads', null); // the number of heads is in attention_head_dim, whatever its name
  reader.only('dual_cross_attention', false);
  reader.only('cross_attention_norm', null);
  reader.only('attention_type', 'default');
  reader.only('encoder_hid_dim', null);
  reader.only('encoder_hid_dim_type', null);
  reader.only('addition_embed_type', null);
  reader.only('class_embeddings_concat', false);
  reader.only('time_embedding_type', 'positional');
  reader.only('time_cond_proj_dim', null);
  reader.only('resnet_time_scale_shift', 'default');
  reader.only('resnet_skip_time_act', false);
  reader.only('resnet_out_scale_factor', 1);
  reader.only('dropout', 0);
}

function readKernel(reader: ConfigReader, option: string): number {
  const size = reader.wholeNumber(option, { least: 1, most: 15, default: 3 });
  return size % 2 === 1 ? size : reader.refuse(option, 'an odd number');
}

function readTimeEmbedding(reader: ConfigReader, channels: number): TimeEmbeddingConfig {
  const activation = (option: string) =>
    reader.isEmpty(option) ? undefined : reader.choice(option, activationNames);
  const frequencies = Math.floor(channels / 2);
  const frequencyShift = reader.number('freq_shift', { least: 0, most: 1, default: 0 });
  if (frequencies <= frequencyShift) reader.refuse('freq_shift', `less than the ${frequencies} frequencies`);
  return {
    sinusoid: {
      size: channels,
      order: reader.flag('flip_sin_to_cos', true) ? 'cosines first' : 'sines first',
      frequencyShift,
    },
    size: reader.optionalWholeNumber('time_embedding_dim', { least: 1, most: 65_536 }) ?? 4 * channels,
    finalActivation: activation('timestep_post_act'),
    sumActivation: activation('time_embedding_act_fn'),
  };
}

function readClassEmbedding(reader: ConfigReader): ClassEmbeddingConfig {
  const rows = reader.optionalWholeNumber('num_class_embeds', { least: 1, most: 1_000_000 });
  const inputSize = reader.optionalWholeNumber('projection_class_embeddings_input_dim', channelBounds);
  if (reader.isEmpty('class_embed_type')) {
    return rows === undefined ? { kind: 'none' } : { kind: 'table', rows };
  }
  const kind = reader.choice('class_embed_type', ['timestep', 'identity', 'projection', 'simple_projection']);
  if (kind === 'timestep' || kind === 'identity') return { kind };
  if (inputSize === undefined) {
    return reader.refuse(
      'projection_class_embeddings_input_dim',
      `a whole number for class_embed_type "${kind}"`,
    );
  }
  return { kind: kind === 'projection' ? 'projection' : 'simple projection', inputSize };
}

function readMidBlock(reader: ConfigReader, level: UnetLevel): MidBlockConfig | undefined {
  const outputScale = reader.number('mid_block_scale_factor', { least: 1e-3, most: 1e3, default: 1 });
  if (reader.value('mid_block_type') === null) return undefined;
  reader.only('mid_block_type', 'UNetMidBlock2DCrossAttn');
  return { channels: level.channels, transformer: level.midTransformer, outputScale };
}

/** Groups have to divide the channels of whatever is normalized, heads those of every transformer. */
function checkDivisibility(reader: ConfigReader, config: UnetConfig): void {
  const resnets = [...config.downBlocks, ...config.upBlocks].flatMap((block) => block.resnets);
  for (const channels of resnets.flatMap((resnet) => [resnet.inputChannels, resnet.outputChannels])) {
    if (channels % config.norm.groups === 0) continue;
    reader.refuse('norm_num_groups', `a divisor of the ${channels} channels of a layer that is normalized`);
  }
  for (const { channels, heads } of transformersOf(config)) {
    if (channels % heads === 0) continue;
    reader.refuse(
      'attention_head_dim',
      `the number of heads, a divisor of the ${channels} channels of a block`,
    );
  }
}

function checkSize(config: UnetConfig): void {
  const parameters = flatten<ParameterSpec>(unetParameterSpecs(config)).reduce(
    (total, [, { shape }]) => total + sizeOf(shape),
    0,
  );
  if (parameters <= mostParameters) return;
  throw new Error(
    `unet config: its options (block_out_channels, layers_per_block, …) make ${parameters} parameters together; at most ${mostParameters} are accepted`,
  );
}
