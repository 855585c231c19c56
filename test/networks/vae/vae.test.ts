import { describe, expect, it } from 'vitest';
import {
  constant,
  flatten,
  fromNested,
  full,
  type NdArray,
  normal,
  randomKey,
  type Tensor,
  type Tree,
  unflatten,
} from '../../../src/engine/index.ts';
import {
  initializeVae,
  parseVaeConfig,
  pixelsPerCell,
  sampleLatents,
  vaeDecode,
  vaeEncode,
  vaeParameterSpecs,
} from '../../../src/networks/vae/index.ts';
import { describeGolden, goldenPath } from '../../golden.ts';
import { compareVae } from '../../parity/vae.ts';
import { compute, sizeOfTree } from '../compute.ts';

describeGolden('the autoencoder', () => {
  it('computes what diffusers computes', async () => {
    const failures: string[] = [];
    let count = 0;
    for await (const { name, pass, largestRelativeError } of compareVae(goldenPath('vae'))) {
      count++;
      if (!pass) failures.push(`${name}: ${largestRelativeError}`);
    }
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(10);
  });
});

const levels = (count: number) => ({
  down_block_types: new Array(count).fill('DownEncoderBlock2D'),
  up_block_types: new Array(count).fill('UpDecoderBlock2D'),
});

const tiny = parseVaeConfig({ ...levels(2), block_out_channels: [2, 4], norm_num_groups: 2 });
const parameters = initializeVae(randomKey(1), tiny);

const run = (
  input: NdArray,
  build: (parameters: Tree<Tensor>, input: Tensor) => readonly Tensor[],
  tree: Tree<NdArray> = parameters,
) =>
  compute(
    (inputs) => {
      const { parameters, input } = inputs as { parameters: Tree<Tensor>; input: Tensor };
      return build(parameters, input);
    },
    { parameters: tree, input },
  );

const encode = (image: NdArray, tree?: Tree<NdArray>) =>
  run(
    image,
    (parameters, image) => {
      const { mean, logVariance } = vaeEncode(parameters, tiny, image);
      return [mean, logVariance];
    },
    tree,
  );

describe('vaeEncode', () => {
  it('gives a mean and a log variance a cell; a rest of the picture is lost', () => {
    const [mean, logVariance] = encode(normal(randomKey(2), [1, 3, 5, 6]));
    expect([mean!.shape, logVariance!.shape]).toEqual([
      [1, 4, 2, 3],
      [1, 4, 2, 3],
    ]);
  });

  it.each([
    [1e3, 20],
    [-1e3, -30],
  ])('keeps the log variance in bounds: %d becomes %d', (bias, bound) => {
    const extreme = unflatten(
      flatten<NdArray>(parameters).map(
        ([path, leaf]) => [path, path === 'quant_conv.bias' ? full([8], bias) : leaf] as const,
      ),
    );
    const [mean, logVariance] = encode(normal(randomKey(2), [1, 3, 4, 4]), extreme);
    expect(new Set<unknown>(logVariance!.data)).toEqual(new Set([bound]));
    expect(Math.abs(Number(mean!.data[0]))).toBeGreaterThan(900);
  });

  it.each([
    [
      [1, 4, 8, 8],
      'vaeEncode: an image is [batch, 3, height, width], each side at least 2, got float32[1, 4, 8, 8]',
    ],
    [
      [1, 3, 1, 8],
      'vaeEncode: an image is [batch, 3, height, width], each side at least 2, got float32[1, 3, 1, 8]',
    ],
  ])('refuses an image %j', (shape, message) => {
    expect(() => encode(normal(randomKey(2), shape))).toThrow(message);
  });
});

describe('sampleLatents', () => {
  it('is mean + deviation · noise', () => {
    const [mean, logVariance, noise] = [[[1, 2]], [[0, 2 * Math.log(3)]], [[10, -1]]].map((rows) =>
      constant(fromNested(rows)),
    ) as [Tensor, Tensor, Tensor];
    const [sample] = compute(() => [sampleLatents({ mean, logVariance }, noise)], {});
    expect([...sample!.data]).toEqual([11, expect.closeTo(-1, 5)]);
  });
});

describe('vaeDecode', () => {
  const decode = (latents: NdArray, tree?: Tree<NdArray>) =>
    run(latents, (parameters, latents) => [vaeDecode(parameters, tiny, latents)], tree);

  it('gives a picture of any size', () => {
    const [picture] = decode(normal(randomKey(3), [2, 4, 3, 5]));
    expect(picture!.shape).toEqual([2, 3, 6, 10]);
  });

  it('refuses latents of other channels', () => {
    expect(() => decode(normal(randomKey(3), [1, 3, 3, 5]))).toThrow(
      'vaeDecode: a latent is [batch, 4, height, width], got float32[1, 3, 3, 5]',
    );
  });

  it('names a parameter that is missing, and the nearest there is', () => {
    const old = unflatten(
      flatten<NdArray>(parameters).map(([path, leaf]) => [path.replace('.to_q.', '.query.'), leaf] as const),
    );
    expect(() => decode(normal(randomKey(3), [1, 4, 2, 2]), old)).toThrow(
      '"decoder.mid_block.attentions.0.to_q.weight" is missing; the nearest name there is "decoder.mid_block.attentions.0.to_',
    );
  });
});

describe('vaeParameterSpecs', () => {
  it('has as many parameters as published', () => {
    const config = parseVaeConfig({
      ...levels(4),
      block_out_channels: [128, 256, 512, 512],
      layers_per_block: 2,
      sample_size: 512,
    });
    expect(sizeOfTree(vaeParameterSpecs(config))).toBe(83_653_863);
    expect(pixelsPerCell(config)).toBe(8);
  });
});

describe('parseVaeConfig', () => {
  it("has diffusers' defaults", () => {
    expect(parseVaeConfig({ _class_name: 'AutoencoderKL', _diffusers_version: '0.6.0' })).toEqual({
      inputChannels: 3,
      outputChannels: 3,
      latentChannels: 4,
      channels: [64],
      layersPerBlock: 1,
      norm: { groups: 32, epsilon: 1e-6 },
      activation: 'silu',
      scalingFactor: 0.18215,
      sampleSize: 32,
      forceUpcast: true,
    });
  });

  it.each([
    [
      { block_out_channels: [1_000_000] },
      '"block_out_channels" must be a whole number from 1 to 16384; it is',
    ],
    [
      { block_out_channels: [48] },
      '"norm_num_groups" must be a divisor of all block_out_channels, which are 48',
    ],
    [{ ...levels(2), block_out_channels: [64] }, '"block_out_channels" must be one number or 2, one a block'],
    [levels(11), '"down_block_types" must be a list of at most 10'],
    [
      { up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'] },
      '"up_block_types" must be a list of 1, as many as down_block_types',
    ],
    [
      { down_block_types: ['AttnDownEncoderBlock2D'] },
      '"down_block_types" must be a list of "DownEncoderBlock2D"',
    ],
    [{ use_quant_conv: false }, '"use_quant_conv" must be true, anything else is not supported; it is false'],
    [{ shift_factor: 0.1 }, '"shift_factor" must be null, anything else is not supported; it is 0.1'],
    [{ _class_name: 'VQModel' }, '"_class_name" must be "AutoencoderKL"'],
    [{ wavelets: 3 }, 'the option "wavelets" (3) is not known'],
  ])('refuses %j', (json, message) => {
    expect(() => parseVaeConfig(json)).toThrow(`vae config: ${message}`);
  });
});
