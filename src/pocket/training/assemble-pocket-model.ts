import { flatten, type NdArray, type Tree } from '../../engine/index.ts';
import type { BesideModel, JsonObject, WritableModel } from '../../files/checkpoints/index.ts';
import { beginToken, endToken, vocabularyFromMerges } from '../../networks/clip/index.ts';
import type { ClipParameters } from './caption-pairs.ts';
import { type PocketConfigs, pocketMerges, promptLength } from './pocket-networks.ts';

/** What the trainings have made. */
export interface TrainedParameters {
  readonly vae: Tree<NdArray>;
  /** What the UNet's latents were multiplied by. */
  readonly scalingFactor: number;
  readonly clip: ClipParameters;
  readonly unet: Tree<NdArray>;
}

/**
 * A model for `writeDiffusersFolder`. The text tower's projection lies with the tower, where `openClip` finds it and
 * transformers' CLIPTextModel passes it over: a CLIPTextModelWithProjection would give Python's pipelines the projected
 * embedding in the place of the hidden states.
 */
export function assemblePocketModel(
  configs: PocketConfigs,
  { vae, scalingFactor, clip, unet }: TrainedParameters,
): { readonly model: WritableModel; readonly beside: BesideModel } {
  return {
    model: {
      family: 'SD 1.x',
      unet: { configJson: configs.unet, parameters: arraysOf(unet) },
      vae: { configJson: { ...configs.vae, scaling_factor: scalingFactor }, parameters: arraysOf(vae) },
      textEncoder: { configJson: { ...configs.textEncoder, ...half }, parameters: arraysOf(clip.text) },
      schedulerConfig: json(configs.scheduler),
      tokenizerFiles: tokenizerFiles(),
    },
    beside: {
      index: {
        image_encoder: ['transformers', 'CLIPVisionModelWithProjection'],
        feature_extractor: ['transformers', 'CLIPImageProcessor'],
      },
      files: new Map([
        ['image_encoder/config.json', Buffer.from(json({ ...configs.imageEncoder, ...half }))],
        ['feature_extractor/preprocessor_config.json', Buffer.from(json(configs.imageProcessor))],
      ]),
      weights: new Map([['image_encoder/model.safetensors', arraysOf(clip.vision)]]),
    },
  };
}

const half = { torch_dtype: 'float16' };

const arraysOf = (parameters: Tree<NdArray>) => new Map(flatten<NdArray>(parameters));

/** As transformers writes those of a CLIPTokenizer. */
function tokenizerFiles(): ReadonlyMap<string, Uint8Array> {
  const special = { bos_token: beginToken, eos_token: endToken, unk_token: endToken, pad_token: endToken };
  const settings = {
    tokenizer_class: 'CLIPTokenizer',
    model_max_length: promptLength,
    do_lower_case: true,
    add_prefix_space: false,
    errors: 'replace',
    ...special,
  };
  const texts = {
    'vocab.json': json(Object.fromEntries(vocabularyFromMerges(pocketMerges))),
    'merges.txt': ['#version: 0.2', ...pocketMerges, ''].join('\n'),
    'tokenizer_config.json': json(settings),
    'special_tokens_map.json': json(special),
  };
  return new Map(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
}

const json = (value: JsonObject): string => `${JSON.stringify(value, undefined, 2)}\n`;
