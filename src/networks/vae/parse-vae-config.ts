import { type ActivationName, ConfigReader } from '../nn/index.ts';
import type { VaeConfig } from './vae-config.ts';

/** The activations that diffusers' autoencoder knows. */
const activationNames: readonly ActivationName[] = ['silu', 'swish', 'mish', 'gelu', 'relu'];

const channelBounds = { least: 1, most: 16_384 };

/** Each level halves height and width; ten turn 512 pixels into half of one. */
const mostLevels = 10;

/**
 * Reads diffusers' config.json of an AutoencoderKL; what it leaves out has diffusers' default.
 * @param json the parsed file
 * @throws a sentence that names the option, for one that is not supported, not known, or absurd
 */
export function parseVaeConfig(json: unknown): VaeConfig {
  const reader = new ConfigReader('vae config', json);
  refuseOtherArchitectures(reader);
  const levels = countLevels(reader);
  const channels = reader.wholeNumbers('block_out_channels', levels, { ...channelBounds, default: 64 });
  const groups = reader.wholeNumber('norm_num_groups', { ...channelBounds, default: 32 });
  if (channels.some((size) => size % groups !== 0)) {
    reader.refuse('norm_num_groups', `a divisor of all block_out_channels, which are ${channels.join(', ')}`);
  }
  const config: VaeConfig = {
    inputChannels: reader.wholeNumber('in_channels', { ...channelBounds, default: 3 }),
    outputChannels: reader.wholeNumber('out_channels', { ...channelBounds, default: 3 }),
    latentChannels: reader.wholeNumber('latent_channels', { ...channelBounds, default: 4 }),
    channels,
    layersPerBlock: reader.wholeNumber('layers_per_block', { least: 1, most: 16, default: 1 }),
    norm: { groups, epsilon: 1e-6 },
    activation: reader.choice('act_fn', activationNames, 'silu'),
    scalingFactor: reader.number('scaling_factor', { least: 1e-6, most: 1e6, default: 0.18215 }),
    sampleSize: reader.wholeNumber('sample_size', { least: 1, most: 65_536, default: 32 }),
    forceUpcast: reader.flag('force_upcast', true),
  };
  reader.finish();
  return config;
}

/** What diffusers' one class computes for SD 3 and FLUX. */
function refuseOtherArchitectures(reader: ConfigReader): void {
  reader.only('_class_name', 'AutoencoderKL');
  reader.only('shift_factor', null);
  reader.only('latents_mean', null);
  reader.only('latents_std', null);
  reader.only('use_quant_conv', true);
  reader.only('use_post_quant_conv', true);
  reader.only('mid_block_add_attention', true);
}

/** Blocks of one type, one a level: they tell nothing but the number of levels. */
function countLevels(reader: ConfigReader): number {
  const down = reader.choices('down_block_types', ['DownEncoderBlock2D'], ['DownEncoderBlock2D']).length;
  const up = reader.choices('up_block_types', ['UpDecoderBlock2D'], ['UpDecoderBlock2D']).length;
  if (down > mostLevels) reader.refuse('down_block_types', `a list of at most ${mostLevels}`);
  return up === down
    ? down
    : reader.refuse('up_block_types', `a list of ${down}, as many as down_block_types`);
}
