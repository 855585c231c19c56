import { flatten, fold, type NdArray, randomKey, type Tree } from '../../../src/engine/index.ts';
import type { WritableModel } from '../../../src/files/checkpoints/index.ts';
import { clipTextParameterSpecs, parseClipTextConfig } from '../../../src/networks/clip/index.ts';
import { initializeParameters, type ParameterSpec } from '../../../src/networks/nn/index.ts';
import { parseUnetConfig, unetParameterSpecs } from '../../../src/networks/unet/index.ts';
import { parseVaeConfig, vaeParameterSpecs } from '../../../src/networks/vae/index.ts';
import { smallFiles } from '../../networks/clip/tokenizer/small-tokenizer.ts';

export type TinyFamily = 'SD 1.x' | 'SD 2.x';

/** A model of the family's make with two levels of 32 and 64 channels, all weights random. */
export function tinyModel(family: TinyFamily): WritableModel {
  const model = models.get(family) ?? makeModel(family);
  models.set(family, model);
  return model;
}

const models = new Map<TinyFamily, WritableModel>();

function makeModel(family: TinyFamily): WritableModel {
  const unet = unetConfig(family);
  const text = textConfig(family);
  return {
    family,
    unet: { configJson: unet, parameters: random('unet', unetParameterSpecs(parseUnetConfig(unet))) },
    vae: { configJson: vaeConfig, parameters: random('vae', vaeParameterSpecs(parseVaeConfig(vaeConfig))) },
    textEncoder: {
      configJson: text,
      parameters: random('text', clipTextParameterSpecs(parseClipTextConfig(text))),
    },
    schedulerConfig: '{"_class_name": "DDIMScheduler", "beta_start": 0.00085}\n',
    tokenizerFiles: new Map<string, Uint8Array>([
      ['vocab.json', Buffer.from(JSON.stringify(smallFiles.vocabulary))],
      ['merges.txt', Buffer.from(smallFiles.merges)],
    ]),
  };
}

/** Constants would hide tensors that change places: norms are random too. */
const random = (label: string, specs: Tree<ParameterSpec>): ReadonlyMap<string, NdArray> =>
  new Map(
    flatten<ParameterSpec>(specs).flatMap(([path, spec]) => {
      const randomSpec: ParameterSpec = { ...spec, initialization: { kind: 'normal', deviation: 1 } };
      const tree = initializeParameters(fold(randomKey(7), `${label}.${path}`), { value: randomSpec });
      return flatten<NdArray>(tree).map(([, array]) => [path, array] as const);
    }),
  );

const unetConfig = (family: TinyFamily) => ({
  _class_name: 'UNet2DConditionModel',
  block_out_channels: [32, 64],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  layers_per_block: 1,
  cross_attention_dim: 64,
  attention_head_dim: family === 'SD 1.x' ? 8 : [1, 1],
  use_linear_projection: family === 'SD 2.x',
});

const vaeConfig = {
  _class_name: 'AutoencoderKL',
  block_out_channels: [32, 64],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
  layers_per_block: 1,
};

const textConfig = (family: TinyFamily) => ({
  architectures: ['CLIPTextModel'],
  model_type: 'clip_text_model',
  vocab_size: 519,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 1,
  hidden_act: family === 'SD 1.x' ? 'quick_gelu' : 'gelu',
});
