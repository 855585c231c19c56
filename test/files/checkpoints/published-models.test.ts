import { describe, expect, test } from 'vitest';
import { flatten, ndArray, sizeOf, type Tree } from '../../../src/engine/index.ts';
import { type LazyArrays, originalArrays, type WritableModel } from '../../../src/files/checkpoints/index.ts';
import { singleFile } from '../../../src/files/checkpoints/single-file/open-single-file.ts';
import type { LazyArray, SafetensorsFile } from '../../../src/files/formats/index.ts';
import { clipTextParameterSpecs, parseClipTextConfig } from '../../../src/networks/clip/index.ts';
import type { ParameterSpec } from '../../../src/networks/nn/index.ts';
import { parseUnetConfig, unetParameterSpecs } from '../../../src/networks/unet/index.ts';
import { parseVaeConfig, vaeParameterSpecs } from '../../../src/networks/vae/index.ts';

/** Shapes without contents: a full-size model in no memory. */
const shapesOf = (specs: Tree<ParameterSpec>): LazyArrays =>
  new Map(
    flatten<ParameterSpec>(specs).map(([name, { shape }]): [string, LazyArray] => [
      name,
      { dtype: 'float16', shape, read: () => Promise.reject(new Error(`${name} was read`)) },
    ]),
  );

const vae = {
  block_out_channels: [128, 256, 512, 512],
  down_block_types: new Array(4).fill('DownEncoderBlock2D'),
  up_block_types: new Array(4).fill('UpDecoderBlock2D'),
  layers_per_block: 2,
  sample_size: 512,
};

/** 320 values of which half lie as far above their mean as the others below it. */
const biasWithSpread = (spread: number): LazyArray => ({
  dtype: 'float32',
  shape: [320],
  read: async () =>
    ndArray(
      'float32',
      [320],
      Float32Array.from({ length: 320 }, (_, i) => 0.5 + (i % 2 === 0 ? spread : -spread)),
    ),
});

const telling = 'model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias';

const published = {
  'SD 1.x': {
    unet: { cross_attention_dim: 768, attention_head_dim: 8 },
    text: {
      hidden_size: 768,
      intermediate_size: 3072,
      num_attention_heads: 12,
      projection_dim: 768,
      eos_token_id: 2,
    },
    parameters: 859_520_964,
  },
  'SD 2.x': {
    unet: {
      cross_attention_dim: 1024,
      attention_head_dim: [5, 10, 20, 20],
      use_linear_projection: true,
    },
    text: {
      hidden_size: 1024,
      intermediate_size: 4096,
      num_attention_heads: 16,
      num_hidden_layers: 23,
      hidden_act: 'gelu',
      eos_token_id: 2,
    },
    parameters: 865_910_724,
  },
} as const;

describe('a single file of the published size', () => {
  test.each([
    ['SD 1.x', 'epsilon', 64, undefined],
    ['SD 2.x', 'epsilon', 64, 0.07],
    ['SD 2.x', 'v_prediction', 96, 0.11],
  ] as const)(
    'of %s has its published configuration, predicts %s in %i cells, and no more than one bias is read',
    async (family, prediction, cells, spread) => {
      const { unet, text, parameters } = published[family];
      const configs = {
        unet: parseUnetConfig({ ...unet, sample_size: cells }),
        vae: parseVaeConfig({ ...vae, sample_size: 8 * cells }),
        textEncoder: parseClipTextConfig(text),
      };
      const model: Pick<WritableModel, 'family' | 'unet' | 'vae' | 'textEncoder'> = {
        family,
        unet: { configJson: {}, parameters: shapesOf(unetParameterSpecs(configs.unet)) },
        vae: { configJson: {}, parameters: shapesOf(vaeParameterSpecs(configs.vae)) },
        textEncoder: { configJson: {}, parameters: shapesOf(clipTextParameterSpecs(configs.textEncoder)) },
      };
      const file: SafetensorsFile = {
        format: 'safetensors',
        name: 'model.safetensors',
        arrays: new Map([
          ...(originalArrays(model) as LazyArrays),
          ...(spread === undefined ? [] : ([[telling, biasWithSpread(spread)]] as const)),
        ]),
        metadata: new Map(),
        close: async () => {},
      };
      const opened = await singleFile(file);
      expect(opened.unet.config).toEqual(configs.unet);
      expect(opened.vae.config).toEqual(configs.vae);
      expect(opened.textEncoder.config).toEqual(configs.textEncoder);
      expect(JSON.parse(opened.schedulerConfig)).toHaveProperty('prediction_type', prediction);
      expect(opened.assumptions).toHaveLength(spread === undefined ? 0 : 1);
      expect([...opened.unet.parameters.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(
        parameters,
      );
    },
  );

  test.each([
    ['down_blocks.1.attentions.0.proj_in.weight', 'input_blocks.4.1.proj_in.weight'],
    ['down_blocks.2.downsamplers.0.conv.weight', 'input_blocks.9.0.op.weight'],
    ['up_blocks.0.upsamplers.0.conv.weight', 'output_blocks.2.1.conv.weight'],
    ['up_blocks.1.upsamplers.0.conv.weight', 'output_blocks.5.2.conv.weight'],
    ['up_blocks.3.resnets.2.conv_shortcut.weight', 'output_blocks.11.0.skip_connection.weight'],
    ['time_embedding.linear_2.bias', 'time_embed.2.bias'],
  ])('calls %s %s, as v1-5-pruned.ckpt does', (name, original) => {
    const parameters = shapesOf(unetParameterSpecs(parseUnetConfig(published['SD 1.x'].unet)));
    const none = { configJson: {}, parameters: new Map() };
    const arrays = originalArrays({
      family: 'SD 1.x',
      unet: { configJson: {}, parameters },
      vae: none,
      textEncoder: none,
    });
    expect(arrays.get(`model.diffusion_model.${original}`)).toBe(parameters.get(name));
  });
});
