import {
  type Device,
  flatten,
  fold,
  type LazySource,
  type NdArray,
  normal,
  type RandomKey,
  randomKey,
  type Tree,
  unflatten,
} from '../../../src/engine/index.ts';
import type { MethodSettings, WritableModel } from '../../../src/files/checkpoints/index.ts';
import { makePicture, type Picture } from '../../../src/files/images/index.ts';
import {
  holdModel,
  type PromptedModel,
  parseSchedulerConfig,
  readScheduler,
  type Scheduler,
} from '../../../src/methods/diffusion/index.ts';
import { asSource, type ConceptPlan } from '../../../src/methods/personalization/index.ts';
import { initializeClipText, parseClipTextConfig } from '../../../src/networks/clip/index.ts';
import { initializeUnet, parseUnetConfig } from '../../../src/networks/unet/index.ts';
import { initializeVae, parseVaeConfig } from '../../../src/networks/vae/index.ts';
import { smallFiles, smallTokenizer } from '../../networks/clip/tokenizer/small-tokenizer.ts';

const unetJson = {
  _class_name: 'UNet2DConditionModel',
  block_out_channels: [8, 16],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  layers_per_block: 1,
  attention_head_dim: 2,
  cross_attention_dim: 16,
  norm_num_groups: 4,
};
const vaeJson = {
  _class_name: 'AutoencoderKL',
  block_out_channels: [8, 8],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
  layers_per_block: 1,
  norm_num_groups: 4,
};
const textJson = {
  model_type: 'clip_text_model',
  vocab_size: 519,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
};
const schedulerConfig =
  '{"_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": false}\n';

const key = randomKey(3);
const unet = initializeUnet(fold(key, 'unet'), parseUnetConfig(unetJson));
const vae = initializeVae(fold(key, 'vae'), parseVaeConfig(vaeJson));
const text = initializeClipText(fold(key, 'text'), parseClipTextConfig(textJson));

/** A model of a few thousand random parameters: 16 x 16 pictures, latents of 8 x 8. */
export const tinyPipeline: WritableModel = {
  family: 'SD 1.x',
  unet: { configJson: unetJson, parameters: new Map(flatten<NdArray>(unet)) },
  vae: { configJson: vaeJson, parameters: new Map(flatten<NdArray>(vae)) },
  textEncoder: { configJson: textJson, parameters: new Map(flatten<NdArray>(text)) },
  schedulerConfig,
  tokenizerFiles: new Map<string, Uint8Array>([
    ['vocab.json', Buffer.from(JSON.stringify(smallFiles.vocabulary))],
    ['merges.txt', Buffer.from(smallFiles.merges)],
  ]),
};

export const tinyScheduler: Scheduler = readScheduler(parseSchedulerConfig(schedulerConfig));

const sources = (tree: Tree<NdArray>) =>
  new Map(flatten<NdArray>(tree).map(([path, array]) => [path, asSource(array)] as const));

export async function holdTiny(device: Device): Promise<PromptedModel> {
  const model = await holdModel(device, {
    unet: { config: parseUnetConfig(unetJson), parameters: sources(unet) },
    vae: { config: parseVaeConfig(vaeJson), parameters: sources(vae) },
    textEncoder: { config: parseClipTextConfig(textJson), parameters: sources(text) },
  } as Parameters<typeof holdModel>[1]);
  return { model, tokenizer: smallTokenizer() };
}

/** Every method, once with the least and once with the most that it learns. */
export const methodCases: readonly (readonly [name: string, plan: ConceptPlan])[] = (
  [
    ['Textual Inversion', { kind: 'textual-inversion' }, 1],
    ['Textual Inversion of three vectors', { kind: 'textual-inversion' }, 3],
    ['DreamBooth', { kind: 'dreambooth', textEncoder: 'frozen' }, 0],
    ['DreamBooth with the text encoder and a word', { kind: 'dreambooth', textEncoder: 'trained' }, 1],
    ['Custom Diffusion', { kind: 'custom-diffusion', projections: 'keys and values' }, 1],
    ['Custom Diffusion of all projections', { kind: 'custom-diffusion', projections: 'all' }, 1],
    ['LoRA', { kind: 'lora', rank: 2, alpha: 2, targets: ['attention'], textEncoder: 'frozen' }, 0],
    [
      'LoRA of everything with a word',
      {
        kind: 'lora',
        rank: 3,
        alpha: 1.5,
        targets: ['attention', 'feed-forward', 'projections', 'convolutions'],
        textEncoder: 'trained',
      },
      1,
    ],
  ] as const satisfies readonly (readonly [string, MethodSettings, number])[]
).map(([name, method, vectors]) => [
  name,
  { method, tokens: vectors === 0 ? [] : [{ word: '<toy>', vectors, initializer: 'cat' }] },
]);

/** A picture of random colours in broad stripes. */
export function tinyPicture(
  label: number | string,
  [height, width]: readonly [number, number] = [16, 16],
): Picture {
  const pixels = new Uint8Array(height * width * 3);
  const colours = normal(fold(randomKey(8), label), [height, 3]).data;
  for (let i = 0; i < pixels.length; i++) {
    const row = Math.floor(i / 3 / width);
    pixels[i] = Math.max(0, Math.min(255, 128 + 60 * colours[3 * Math.floor(row / 4) + (i % 3)]!));
  }
  return makePicture(height, width, pixels);
}

export const randomLike = (key: RandomKey, array: NdArray, deviation: number): NdArray<'float32'> => {
  const values = normal(key, array.shape);
  return {
    ...values,
    data: values.data.map((value, i) => (array.data as Float32Array)[i]! + deviation * value),
  };
};

/** The leaves as they are. */
export async function readLeaves(tree: Tree<LazySource>): Promise<Tree<NdArray>> {
  const entries: [string, NdArray][] = [];
  for (const [path, source] of flatten<LazySource>(tree)) entries.push([path, await source.read()]);
  return unflatten(entries);
}
