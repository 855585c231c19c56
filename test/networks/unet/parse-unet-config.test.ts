import { describe, expect, it } from 'vitest';
import { flatten, type NdArray, randomKey, sizeOf } from '../../../src/engine/index.ts';
import type { ParameterSpec } from '../../../src/networks/nn/index.ts';
import { initializeUnet, parseUnetConfig, unetParameterSpecs } from '../../../src/networks/unet/index.ts';
import { tinyConfig, tinyJson } from './tiny-unet.ts';

const specsOf = (json: object) => flatten<ParameterSpec>(unetParameterSpecs(parseUnetConfig(json)));

describe('Known models have as many parameters as published', () => {
  const stableDiffusion1 = { cross_attention_dim: 768, sample_size: 64 };
  const stableDiffusion2 = {
    cross_attention_dim: 1024,
    attention_head_dim: [5, 10, 20, 20],
    use_linear_projection: true,
  };
  it.each([
    ['Stable Diffusion 1.x', stableDiffusion1, 686, 859_520_964],
    ['Stable Diffusion 1.5 inpainting', { ...stableDiffusion1, in_channels: 9 }, 686, 859_535_364],
    ['Stable Diffusion 2.x', stableDiffusion2, 686, 865_910_724],
  ])('%s', (_, json, tensors, numbers) => {
    const specs = specsOf(json);
    expect(specs).toHaveLength(tensors);
    expect(specs.reduce((total, [, { shape }]) => total + sizeOf(shape), 0)).toBe(numbers);
  });
});

describe('attention_head_dim', () => {
  const headsOf = (json: object) =>
    parseUnetConfig({ ...tinyJson, ...json }).downBlocks[0]!.transformer!.heads;

  it('is the number of heads, for all blocks', () => expect(headsOf({ attention_head_dim: 4 })).toBe(4));
  it('or for each block', () => expect(headsOf({ attention_head_dim: [8, 2] })).toBe(8));
});

describe('Refused with a sentence that names the option', () => {
  it.each<[object, string]>([
    [
      { block_out_channels: [8, 1_000_000] },
      '"block_out_channels" must be a whole number from 1 to 16384; it is [8,1000000]',
    ],
    [{ block_out_channels: [8] }, '"block_out_channels" must be one number or 2, one a block; it is [8]'],
    [{ block_out_channels: [8, 16.5] }, '"block_out_channels" must be a whole number from 1 to 16384'],
    [{ layers_per_block: 1e9 }, '"layers_per_block" must be a whole number from 1 to 16; it is 1000000000'],
    [{ layers_per_block: '2' }, '"layers_per_block" must be a whole number from 1 to 16; it is "2"'],
    [{ layers_per_block: 0 }, '"layers_per_block" must be a whole number from 1 to 16; it is 0'],
    [{ in_channels: -4 }, '"in_channels" must be a whole number'],
    [
      { down_block_types: [] },
      '"down_block_types" must be a list of "DownBlock2D" or "CrossAttnDownBlock2D"; it is []',
    ],
    [
      { down_block_types: ['AttnDownBlock2D', 'DownBlock2D'] },
      '"down_block_types" must be a list of "DownBlock2D" or "CrossAttnDownBlock2D"',
    ],
    [
      { down_block_types: new Array(17).fill('DownBlock2D') },
      '"down_block_types" must be a list of at most 16',
    ],
    [{ up_block_types: ['UpBlock2D'] }, '"up_block_types" must be a list of 2, as many as down_block_types'],
    [
      { mid_block_type: 'UNetMidBlock2DSimpleCrossAttn' },
      '"mid_block_type" must be "UNetMidBlock2DCrossAttn"',
    ],
    [
      { norm_num_groups: 3 },
      '"norm_num_groups" must be a divisor of the 8 channels of a layer that is normalized; it is 3',
    ],
    [{ norm_num_groups: 0 }, '"norm_num_groups" must be a whole number'],
    [
      { attention_head_dim: 3 },
      '"attention_head_dim" must be the number of heads, a divisor of the 8 channels of a block; it is 3',
    ],
    [
      { num_attention_heads: 8 },
      '"num_attention_heads" must be null, anything else is not supported; it is 8',
    ],
    [
      { dual_cross_attention: true },
      '"dual_cross_attention" must be false, anything else is not supported; it is true',
    ],
    [{ addition_embed_type: 'text_time' }, '"addition_embed_type" must be null'],
    [{ encoder_hid_dim: 512 }, '"encoder_hid_dim" must be null'],
    [{ time_cond_proj_dim: 256 }, '"time_cond_proj_dim" must be null'],
    [{ time_embedding_type: 'fourier' }, '"time_embedding_type" must be "positional"'],
    [{ resnet_time_scale_shift: 'scale_shift' }, '"resnet_time_scale_shift" must be "default"'],
    [{ attention_type: 'gated' }, '"attention_type" must be "default"'],
    [{ dropout: 0.1 }, '"dropout" must be 0'],
    [{ act_fn: 'tanh' }, '"act_fn" must be "silu" or "swish" or "mish" or "gelu" or "relu"; it is "tanh"'],
    [
      { class_embed_type: 'projection' },
      '"projection_class_embeddings_input_dim" must be a whole number for class_embed_type "projection"; it is left out',
    ],
    [{ class_embed_type: 'other' }, '"class_embed_type" must be'],
    [{ conv_in_kernel: 4 }, '"conv_in_kernel" must be an odd number; it is 4'],
    [{ downsample_padding: 2 }, '"downsample_padding" must be a whole number from 0 to 1; it is 2'],
    [
      { only_cross_attention: [true] },
      '"only_cross_attention" must be true or false, or a list of 2; it is [true]',
    ],
    [{ norm_eps: 'small' }, '"norm_eps" must be a number from 0 to 1; it is "small"'],
    [{ _class_name: 'UNet3DConditionModel' }, '"_class_name" must be "UNet2DConditionModel"'],
    [{ rotary: 'yes' }, 'the option "rotary" ("yes") is not known; it is not ignored'],
  ])('%o', (json, sentence) => {
    expect(() => parseUnetConfig({ ...tinyJson, ...json })).toThrow(`unet config: ${sentence}`);
  });

  it.each([[null], [[]], ['{}'], [3]])('%o instead of options', (json) => {
    expect(() => parseUnetConfig(json)).toThrow('unet config: expected an object of options, got');
  });

  it('sizes that are fine one by one and absurd together', () => {
    const json = { ...tinyJson, block_out_channels: [16_384, 16_384], layers_per_block: 16 };
    expect(() => parseUnetConfig(json)).toThrow(
      /make \d+ parameters together; at most 10000000000 are accepted/,
    );
  });
});

describe('initializeUnet', () => {
  const values = flatten<NdArray>(initializeUnet(randomKey(7), tinyConfig));
  const data = (name: string) => values.find(([path]) => path === name)![1].data as Float32Array;

  it('makes every parameter, in its shape', () => {
    const shapes = (entries: readonly (readonly [string, { readonly shape: readonly number[] }])[]) =>
      entries.map(([path, { shape }]) => [path, shape]);
    expect(shapes(values)).toEqual(shapes(flatten<ParameterSpec>(unetParameterSpecs(tinyConfig))));
  });

  it.each([
    ['a convolution', 'conv_in.weight', (4 * 9) ** -0.5],
    ['its bias', 'down_blocks.0.resnets.0.conv1.bias', (8 * 9) ** -0.5],
    ['a linear layer', 'time_embedding.linear_2.weight', 32 ** -0.5],
  ])('draws %s uniformly within 1 / √(inputs)', (_, name, bound) => {
    const drawn = data(name).map(Math.abs);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(bound);
    expect(Math.max(...drawn)).toBeGreaterThan(0.7 * bound);
    expect(new Set(data(name)).size).toBeGreaterThan(data(name).length / 2);
  });

  it('draws embeddings normally', () => {
    const config = parseUnetConfig({ ...tinyJson, num_class_embeds: 300 });
    const drawn = flatten<NdArray>(initializeUnet(randomKey(7), config)).find(
      ([path]) => path === 'class_embedding.weight',
    )![1].data as Float32Array;
    const squares = drawn.reduce((total, value) => total + value * value, 0);
    expect(drawn).toHaveLength(300 * 32);
    expect(Math.abs(squares / drawn.length - 1)).toBeLessThan(0.05);
  });

  it('gives norms scale 1 and shift 0', () => {
    expect([...new Set(data('conv_norm_out.weight'))]).toEqual([1]);
    expect([...new Set(data('conv_norm_out.bias'))]).toEqual([0]);
  });

  it('gives the same values for the same key only', () => {
    expect(flatten<NdArray>(initializeUnet(randomKey(7), tinyConfig))).toEqual(values);
    const [, other] = flatten<NdArray>(initializeUnet(randomKey(8), tinyConfig))[0]!;
    expect(other.data).not.toEqual(data('conv_in.weight'));
  });
});
