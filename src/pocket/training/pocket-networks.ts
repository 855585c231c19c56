import {
  type ClipImageProcessorConfig,
  type ClipTextConfig,
  type ClipVisionConfig,
  parseClipImageProcessorConfig,
  parseClipTextConfig,
  parseClipVisionConfig,
  parseTokenizer,
  type Tokenizer,
  vocabularyFromMerges,
} from '../../networks/clip/index.ts';
import { parseUnetConfig, type UnetConfig } from '../../networks/unet/index.ts';
import { parseVaeConfig, type VaeConfig } from '../../networks/vae/index.ts';
import { vocabulary } from '../world/index.ts';
import { learnMerges } from './learn-merges.ts';

/** The configurations of a pocket model as Python's libraries write them: what its folder's files say. */
export interface PocketConfigs {
  readonly textEncoder: Readonly<Record<string, unknown>>;
  readonly imageEncoder: Readonly<Record<string, unknown>>;
  readonly imageProcessor: Readonly<Record<string, unknown>>;
  readonly vae: Readonly<Record<string, unknown>>;
  readonly unet: Readonly<Record<string, unknown>>;
  readonly scheduler: Readonly<Record<string, unknown>>;
}

/** The same, read. */
export interface PocketNetworks {
  readonly textEncoder: ClipTextConfig;
  readonly imageEncoder: ClipVisionConfig;
  readonly imageProcessor: ClipImageProcessorConfig;
  readonly vae: VaeConfig;
  readonly unet: UnetConfig;
  readonly tokenizer: Tokenizer;
}

/** The merges of the world's own tokenizer: every word of its captions is one token, anything else falls to bytes. */
export const pocketMerges: readonly string[] = learnMerges(vocabulary());

const vocabularySize = vocabularyFromMerges(pocketMerges).size;

/** 77, as in all CLIP models. */
export const promptLength = 77;

/** Stable Diffusion in small: the same classes, less than a hundredth of the parameters. */
export const pocketConfigs: PocketConfigs = {
  textEncoder: {
    architectures: ['CLIPTextModel'],
    model_type: 'clip_text_model',
    vocab_size: vocabularySize,
    max_position_embeddings: promptLength,
    hidden_size: 128,
    intermediate_size: 512,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
    projection_dim: 128,
    bos_token_id: vocabularySize - 2,
    eos_token_id: vocabularySize - 1,
    pad_token_id: vocabularySize - 1,
  },
  imageEncoder: {
    architectures: ['CLIPVisionModelWithProjection'],
    model_type: 'clip_vision_model',
    image_size: 128,
    patch_size: 16,
    num_channels: 3,
    hidden_size: 128,
    intermediate_size: 512,
    num_hidden_layers: 6,
    num_attention_heads: 4,
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
    projection_dim: 128,
  },
  imageProcessor: {
    image_processor_type: 'CLIPImageProcessor',
    do_resize: true,
    size: { shortest_edge: 128 },
    resample: 3,
    do_center_crop: true,
    crop_size: { height: 128, width: 128 },
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
    do_convert_rgb: true,
  },
  vae: {
    _class_name: 'AutoencoderKL',
    act_fn: 'silu',
    in_channels: 3,
    out_channels: 3,
    latent_channels: 4,
    block_out_channels: [16, 32, 64, 128],
    down_block_types: Array<string>(4).fill('DownEncoderBlock2D'),
    up_block_types: Array<string>(4).fill('UpDecoderBlock2D'),
    layers_per_block: 1,
    norm_num_groups: 4,
    sample_size: 128,
    scaling_factor: 1,
  },
  unet: {
    _class_name: 'UNet2DConditionModel',
    act_fn: 'silu',
    in_channels: 4,
    out_channels: 4,
    sample_size: 16,
    block_out_channels: [64, 128],
    down_block_types: Array<string>(2).fill('CrossAttnDownBlock2D'),
    up_block_types: Array<string>(2).fill('CrossAttnUpBlock2D'),
    layers_per_block: 2,
    attention_head_dim: 4,
    cross_attention_dim: 128,
    norm_num_groups: 16,
    center_input_sample: false,
    downsample_padding: 1,
    flip_sin_to_cos: true,
    freq_shift: 0,
    mid_block_scale_factor: 1,
    norm_eps: 1e-5,
  },
  scheduler: {
    _class_name: 'DPMSolverMultistepScheduler',
    num_train_timesteps: 1000,
    beta_schedule: 'scaled_linear',
    beta_start: 0.00085,
    beta_end: 0.012,
    prediction_type: 'v_prediction',
    steps_offset: 1,
    timestep_spacing: 'leading',
    algorithm_type: 'dpmsolver++',
    solver_order: 2,
    final_sigmas_type: 'sigma_min', // what diffusers did before it could be told
  },
};

/** @throws a sentence for a configuration that is not supported */
export const pocketNetworks = (configs: PocketConfigs = pocketConfigs): PocketNetworks => ({
  textEncoder: parseClipTextConfig(configs.textEncoder),
  imageEncoder: parseClipVisionConfig(configs.imageEncoder),
  imageProcessor: parseClipImageProcessorConfig(configs.imageProcessor),
  vae: parseVaeConfig(configs.vae),
  unet: parseUnetConfig(configs.unet),
  tokenizer: pocketTokenizer(),
});

const pocketTokenizer = (): Tokenizer =>
  parseTokenizer({
    kind: 'vocabulary and merges',
    vocabulary: Object.fromEntries(vocabularyFromMerges(pocketMerges)),
    merges: pocketMerges.join('\n'),
    settings: { config: { model_max_length: promptLength } },
  });
