import {
  encodeFloat16Array,
  flatten,
  fold,
  integers,
  ndArray,
  normal,
  type RandomKey,
  randomKey,
  sizeOf,
  type Tree,
} from '../src/engine/index.ts';
import type { LazyArrays, WritableModel, WritablePart } from '../src/files/checkpoints/index.ts';
import type { LazyArray } from '../src/files/formats/index.ts';
import {
  clipTextParameterSpecs,
  parseClipTextConfig,
  vocabularyFromMerges,
} from '../src/networks/clip/index.ts';
import type { ParameterSpec } from '../src/networks/nn/index.ts';
import { parseUnetConfig, unetParameterSpecs } from '../src/networks/unet/index.ts';
import { parseVaeConfig, vaeParameterSpecs } from '../src/networks/vae/index.ts';

/**
 * A model of Stable Diffusion 1.5's configuration whose parameters are random float16. Nothing is made before it is
 * read, and each array depends on the seed and its own name alone: a folder of it is written array by array, and
 * twice the same.
 */
export function randomStableDiffusion(seed: number): WritableModel {
  const draws = new Draws(randomKey(seed));
  const part = (
    network: string,
    configJson: Readonly<Record<string, unknown>>,
    specs: Tree<ParameterSpec>,
  ): WritablePart => ({ configJson, parameters: draws.arrays(network, specs) });
  return {
    family: 'SD 1.x',
    unet: part('unet', unetConfig, unetParameterSpecs(parseUnetConfig(unetConfig))),
    vae: part('vae', vaeConfig, vaeParameterSpecs(parseVaeConfig(vaeConfig))),
    textEncoder: part('text', textConfig, clipTextParameterSpecs(parseClipTextConfig(textConfig))),
    schedulerConfig: `${JSON.stringify(schedulerConfig, null, 2)}\n`,
    tokenizerFiles: tokenizerFiles(),
  };
}

/**
 * Float16 values drawn from a table of 2^16 normal ones. Which of them each element takes was drawn once, for 2^20
 * elements; every block of an array starts somewhere else in that list and has its own permutation of the table.
 * Drawing each element anew would take many minutes.
 */
class Draws {
  private readonly table: Float32Array;
  private readonly choices: Uint16Array;

  constructor(private readonly key: RandomKey) {
    this.table = normal(fold(key, 'table'), [tableSize]).data;
    this.choices = Uint16Array.from(integers(fold(key, 'choices'), [blockSize], 0, tableSize).data);
  }

  arrays(network: string, specs: Tree<ParameterSpec>): LazyArrays {
    return new Map(
      flatten<ParameterSpec>(specs).map(([path, { shape }]): [string, LazyArray] => [
        path,
        {
          dtype: 'float16',
          shape,
          read: async () => ndArray('float16', shape, this.draw(`${network}.${path}`, shape)),
        },
      ]),
    );
  }

  private draw(name: string, shape: readonly number[]): Uint16Array {
    const { centre, deviation } = distribution(name, shape);
    const values = encodeFloat16Array(this.table.map((value) => centre + deviation * value));
    const data = new Uint16Array(sizeOf(shape));
    const blocks = Math.ceil(data.length / blockSize);
    const places = integers(fold(this.key, name), [2 * blocks], 0, blockSize).data;
    for (let block = 0; block < blocks; block++) {
      const [first, flips] = [places[2 * block]!, places[2 * block + 1]! % tableSize];
      const end = Math.min(data.length, (block + 1) * blockSize);
      for (let i = block * blockSize; i < end; i++) {
        data[i] = values[this.choices[(first + i) % blockSize]! ^ flips]!;
      }
    }
    return data;
  }
}

const tableSize = 2 ** 16;
const blockSize = 2 ** 20;

/** Activations keep their size through the depth of the networks; no norm and no bias is left out by being constant. */
function distribution(name: string, shape: readonly number[]): { centre: number; deviation: number } {
  if (name.endsWith('bias')) return { centre: 0, deviation: 0.05 };
  if (shape.length === 1) return { centre: 1, deviation: 0.1 };
  if (name.includes('embeddings.')) return { centre: 0, deviation: 0.02 };
  return { centre: 0, deviation: sizeOf(shape.slice(1)) ** -0.5 };
}

const textConfig = {
  architectures: ['CLIPTextModel'],
  model_type: 'clip_text_model',
  vocab_size: 49_408,
  max_position_embeddings: 77,
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  hidden_act: 'quick_gelu',
  layer_norm_eps: 1e-5,
  projection_dim: 768,
  bos_token_id: 0,
  eos_token_id: 2,
  pad_token_id: 1,
  torch_dtype: 'float16',
};

const vaeConfig = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array<string>(4).fill('DownEncoderBlock2D'),
  up_block_types: Array<string>(4).fill('UpDecoderBlock2D'),
  layers_per_block: 2,
  norm_num_groups: 32,
  sample_size: 512,
  scaling_factor: 0.18215,
};

const unetConfig = {
  _class_name: 'UNet2DConditionModel',
  act_fn: 'silu',
  in_channels: 4,
  out_channels: 4,
  sample_size: 64,
  attention_head_dim: 8,
  block_out_channels: [320, 640, 1280, 1280],
  center_input_sample: false,
  cross_attention_dim: 768,
  down_block_types: [...Array<string>(3).fill('CrossAttnDownBlock2D'), 'DownBlock2D'],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  layers_per_block: 2,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
  norm_num_groups: 32,
  up_block_types: ['UpBlock2D', ...Array<string>(3).fill('CrossAttnUpBlock2D')],
};

const schedulerConfig = {
  _class_name: 'PNDMScheduler',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  trained_betas: null,
};

/**
 * Stands in for CLIP's tokenizer, of the same size and rule: 48,894 merges, which make every pair of letters, and as
 * many four-letter words as there is room for, one token. Longer words are several.
 */
function tokenizerFiles(): ReadonlyMap<string, Uint8Array> {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const pairs = letters.flatMap((first) => letters.map((second) => [first, second] as const));
  const words = Array.from({ length: 48_894 - 2 * pairs.length }, (_, index) => {
    // A step that shares no divisor with 26⁴ spreads the words over the whole alphabet.
    const position = (index * 100_003) % pairs.length ** 2;
    const [first, second] = [Math.floor(position / pairs.length), position % pairs.length];
    return `${pairs[first]!.join('')} ${pairs[second]!.join('')}</w>`;
  });
  const merges = [
    ...pairs.map((pair) => pair.join(' ')),
    ...pairs.map((pair) => `${pair.join(' ')}</w>`),
    ...words,
  ];
  const vocabulary = Object.fromEntries(vocabularyFromMerges(merges));
  const settings = {
    model_max_length: 77,
    bos_token: '<|startoftext|>',
    eos_token: '<|endoftext|>',
    pad_token: '<|endoftext|>',
    unk_token: '<|endoftext|>',
    tokenizer_class: 'CLIPTokenizer',
  };
  return new Map([
    ['vocab.json', Buffer.from(JSON.stringify(vocabulary))],
    ['merges.txt', Buffer.from(`#version: 0.2\n${merges.join('\n')}\n`)],
    ['tokenizer_config.json', Buffer.from(`${JSON.stringify(settings, null, 2)}\n`)],
  ]);
}
