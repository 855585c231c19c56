import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type Device,
  flatten,
  type NdArray,
  ndArray,
  normal,
  openDevice,
  randomKey,
} from '../../../src/engine/index.ts';
import {
  compileImageEncoder,
  decodeLatents,
  encodeImage,
  type HeldNetwork,
  holdNetwork,
} from '../../../src/methods/diffusion/index.ts';
import {
  chooseTiling,
  initializeVae,
  parseVaeConfig,
  type Tiling,
  type VaeConfig,
} from '../../../src/networks/vae/index.ts';

/** Two pixels a cell; trained on pictures of 32 pixels, 16 cells. */
const config = parseVaeConfig({
  block_out_channels: [8, 8],
  down_block_types: new Array(2).fill('DownEncoderBlock2D'),
  up_block_types: new Array(2).fill('UpDecoderBlock2D'),
  norm_num_groups: 2,
  layers_per_block: 1,
  sample_size: 32,
});

let device: Device;
let vae: HeldNetwork<VaeConfig>;

beforeAll(async () => {
  device = await openDevice('cpu');
  const parameters = flatten<NdArray>(initializeVae(randomKey(3), config)).map(
    ([name, array]) => [name, { ...array, read: async () => array }] as const,
  );
  vae = await holdNetwork(device, { config, parameters: new Map(parameters) });
});
afterAll(() => device.close());

/** A smooth picture, since tiles see nothing beyond their edges: [count, channels, height, width]. */
const waves = (shape: readonly [number, number, number, number]) => {
  const [, , height, width] = shape;
  return ndArray(
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, index) => {
      const plane = Math.floor(index / (height * width));
      const [y, x] = [Math.floor(index / width) % height, index % width];
      return Math.sin((2 * Math.PI * (2 * x + y)) / 8 + plane);
    }),
  );
};

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

const faded: Tiling = { tile: 16, overlap: 8 };
const abrupt: Tiling = { tile: 16, overlap: 0 };

/** Tiles that fade into each other are near the whole, and their error has no steps as that of abrupt ones has. */
function expectNoSeams(whole: NdArray<'float32'>, tiled: NdArray<'float32'>, cut: NdArray<'float32'>): void {
  expect(tiled.shape).toEqual(whole.shape);
  const error = tiled.data.map((value, index) => Math.abs(value - whole.data[index]!));
  const mean = error.reduce((sum, value) => sum + value, 0) / error.length / largest(whole.data);
  expect(mean).toBeGreaterThan(0); // it was tiled
  expect(mean).toBeLessThan(0.04);
  expect(largestStep(tiled, whole)).toBeLessThan((largestStep(cut, whole) * 2) / 3);
}

/** Between neighbouring columns of the error. */
function largestStep(tiled: NdArray<'float32'>, { data, shape }: NdArray<'float32'>): number {
  const error = tiled.data.map((value, index) => value - data[index]!);
  return largest(error.map((value, index) => (index % shape[3]! === 0 ? 0 : value - error[index - 1]!)));
}

describe('the autoencoder on pictures', () => {
  it('decodes several as it decodes each', async () => {
    const latents = normal(randomKey(1), [3, 4, 6, 10]);
    const together = await decodeLatents({ device, vae }, latents);
    expect(together.shape).toEqual([3, 3, 12, 20]);
    const second = ndArray('float32', [1, 4, 6, 10], latents.data.slice(240, 480));
    const alone = await decodeLatents({ device, vae }, second);
    expect(together.data.slice(720, 1440)).toEqual(alone.data);
  });

  it('encodes several as it encodes each', async () => {
    const images = normal(randomKey(2), [2, 3, 12, 20]);
    const encoder = await compileImageEncoder({ device, vae }, images.shape);
    const both = await encoder.encode(images);
    const first = await encoder.encode(ndArray('float32', [1, 3, 12, 20], images.data.slice(0, 720)));
    await encoder.dispose();
    for (const part of ['mean', 'logVariance'] as const) {
      expect(both[part].shape).toEqual([2, 4, 6, 10]);
      expect(both[part].data.slice(0, 240)).toEqual(first[part].data);
    }
    expect(both.mean.data).not.toEqual(both.logVariance.data);
  });

  it.each([
    [1, 4, 40, 24],
    [2, 4, 16, 33],
  ] as const)('decodes [%i, %i, %i, %i] in tiles without seams', async (...shape) => {
    const latents = waves(shape);
    const decode = (tiling: Tiling | 'none') => decodeLatents({ device, vae }, latents, { tiling });
    expectNoSeams(await decode('none'), await decode(faded), await decode(abrupt));
  });

  it('encodes in tiles without seams', async () => {
    const images = waves([1, 3, 80, 48]);
    const encode = async (tiling: Tiling | 'none') => {
      const encoder = await compileImageEncoder({ device, vae }, images.shape, { tiling });
      const encoded = await encoder.encode(images);
      await encoder.dispose();
      return encoded;
    };
    const [whole, tiled, cut] = [await encode('none'), await encode(faded), await encode(abrupt)];
    for (const part of ['mean', 'logVariance'] as const) expectNoSeams(whole[part], tiled[part], cut[part]);
  });

  it.each([
    [
      'decoding',
      (signal: AbortSignal) => decodeLatents({ device, vae }, normal(randomKey(1), [3, 4, 4, 4]), { signal }),
    ],
    [
      'encoding',
      (signal: AbortSignal) => encodeImage({ device, vae }, normal(randomKey(2), [3, 3, 8, 8]), signal),
    ],
  ])('stops %s between pictures', async (_, work) => {
    const controller = new AbortController();
    const request = device.request.bind(device);
    let runs = 0;
    const spy = vi.spyOn(device, 'request').mockImplementation((...given) => {
      if (given[0].kind === 'run' && ++runs === 2) controller.abort(new Error('enough'));
      return request(...given);
    });
    await expect(work(controller.signal)).rejects.toThrow('enough');
    expect(runs).toBe(2);
    spy.mockRestore();
  });
});

describe('chooseTiling', () => {
  const stableDiffusion = parseVaeConfig({
    block_out_channels: [128, 256, 512, 512],
    down_block_types: new Array(4).fill('DownEncoderBlock2D'),
    up_block_types: new Array(4).fill('UpDecoderBlock2D'),
    sample_size: 512,
  });
  const tiles = { tile: 64, overlap: 16 };

  it.each([
    ['512 x 512', 64, 64, undefined],
    ['768 x 768', 96, 96, undefined],
    ['512 x 1024', 64, 128, undefined],
    ['1024 x 1024', 128, 128, tiles],
    ['4096 x 512', 512, 64, tiles],
  ])("cuts %s of Stable Diffusion's as memory asks for it", (_, height, width, expected) => {
    expect(chooseTiling(stableDiffusion, { height, width })).toEqual(expected);
  });

  it('leaves a small model alone, and what is no larger than a tile', () => {
    expect(chooseTiling(config, { height: 128, width: 128 })).toBeUndefined();
    expect(chooseTiling(config, { height: 17, width: 16 }, 0)).toEqual({ tile: 16, overlap: 4 });
    expect(chooseTiling(config, { height: 16, width: 16 }, 0)).toBeUndefined();
  });
});
