import { describe, expect, it } from 'vitest';
import { integers, type NdArray, ndArray, randomKey } from '../../../src/engine/index.ts';
import {
  parseClipImageProcessorConfig,
  preprocessClipImages,
  resizePixels,
} from '../../../src/networks/clip/index.ts';

const picture = (height: number, width: number): NdArray<'uint8'> =>
  ndArray(
    'uint8',
    [height, width, 3],
    Uint8Array.from(integers(randomKey(1), [height * width * 3], 0, 256).data),
  );

const raw = { do_rescale: false, do_normalize: false };

const preprocess = (pictures: readonly NdArray<'uint8'>[], json: object) =>
  preprocessClipImages(pictures, parseClipImageProcessorConfig(json));

describe('preprocessClipImages', () => {
  it('cuts the middle out of the resized picture', () => {
    const { shape } = preprocess([picture(30, 50), picture(80, 20)], { size: 16, crop_size: 12 });
    expect(shape).toEqual([2, 3, 12, 12]);
  });

  it('rescales and normalizes each channel', () => {
    const grey = ndArray('uint8', [1, 1, 3], Uint8Array.of(0, 51, 255));
    const { data } = preprocess([grey], {
      do_resize: false,
      do_center_crop: false,
      image_mean: [0.5, 0.2, 0],
      image_std: [0.5, 1, 2],
    });
    expect([...data]).toEqual([-1, expect.closeTo(0, 7), 0.5]);
  });

  it.each([
    [3, 5, 1, [[3, 4]]],
    [
      2,
      2,
      4,
      [
        [0, 0, 0, 0],
        [0, 1, 2, 0],
        [0, 3, 4, 0],
        [0, 0, 0, 0],
      ],
    ],
    [
      1,
      1,
      2,
      [
        [0, 0],
        [0, 1],
      ],
    ],
  ])('crops a %ix%i picture, with black where it ends', (height, width, crop, expected) => {
    const data = new Uint8Array(height * width * 3);
    if (height * width <= 4) for (let i = 0; i < height * width; i++) data[3 * i] = i + 1;
    else data.set([3, 0, 0, 4, 0, 0], 3 * (width + 1));
    const [rows, columns] = [expected.length, expected[0]!.length];
    const { data: cropped } = preprocess([ndArray('uint8', [height, width, 3], data)], {
      ...raw,
      do_resize: false,
      crop_size: { height: crop, width: columns },
    });
    expect(
      Array.from({ length: rows }, (_, row) => [...cropped.slice(row * columns, (row + 1) * columns)]),
    ).toEqual(expected);
  });

  it('resizes to an exact size where the configuration gives both sides', () => {
    const { shape } = preprocess([picture(9, 13)], { size: { height: 4, width: 6 }, do_center_crop: false });
    expect(shape).toEqual([1, 3, 4, 6]);
  });

  it('refuses pictures that do not make a batch', () => {
    expect(() => preprocess([picture(9, 13), picture(13, 9)], { size: 4, do_center_crop: false })).toThrow(
      'preprocessClipImages: pictures of one batch have one size, got 5x4 and 4x5; crop them',
    );
    const grey = ndArray('uint8', [4, 4], new Uint8Array(16));
    expect(() => preprocess([grey], {})).toThrow(
      'preprocessClipImages: a picture is uint8 [height, width, 3], got uint8[4, 4]',
    );
  });
});

describe('resizePixels', () => {
  it.each(['bilinear', 'bicubic'] as const)('leaves a picture of the right size alone: %s', (filter) => {
    expect(resizePixels(picture(7, 5), [7, 5], filter)).toEqual(picture(7, 5));
  });

  it.each([
    [3, 3],
    [40, 17],
  ])('keeps a flat picture flat at %ix%i', (height, width) => {
    const flat = ndArray('uint8', [20, 30, 3], new Uint8Array(1800).fill(77));
    expect(new Set(resizePixels(flat, [height, width], 'bicubic').data)).toEqual(new Set([77]));
  });

  it('averages all pixels when shrinking', () => {
    const row = ndArray('uint8', [1, 4, 1], Uint8Array.of(0, 0, 200, 200));
    expect([...resizePixels(row, [1, 1], 'bilinear').data]).toEqual([100]);
  });

  it('overshoots at an edge, as a cubic does, and is clipped', () => {
    const edge = ndArray('uint8', [1, 4, 1], Uint8Array.of(10, 10, 250, 250));
    const wide = [...resizePixels(edge, [1, 16], 'bicubic').data];
    expect(Math.max(...wide)).toBe(255);
    expect(Math.min(...wide)).toBe(0);
  });
});

describe('parseClipImageProcessorConfig', () => {
  it("has transformers' defaults", () => {
    expect(parseClipImageProcessorConfig({})).toEqual({
      resize: { kind: 'shortest edge', size: 224, filter: 'bicubic' },
      centreCrop: [224, 224],
      rescaleFactor: 1 / 255,
      mean: [0.48145466, 0.4578275, 0.40821073],
      deviation: [0.26862954, 0.26130258, 0.27577711],
    });
  });

  it.each([
    [{ resample: 1 }, '"resample" must be 2 (bilinear) or 3 (bicubic); it is 1'],
    [{ size: { shortest_edge: 1_000_000 } }, '"size" must be a whole number from 1 to 8192; it is 1000000'],
    [
      { crop_size: { height: 4 } },
      'crop_size: "width" must be a whole number from 1 to 8192; it is left out',
    ],
    [{ image_std: [1, 1] }, '"image_std" must be three numbers, one a channel; it is [1,1]'],
  ])('refuses %j', (json, message) => {
    expect(() => parseClipImageProcessorConfig(json)).toThrow(message);
  });
});
