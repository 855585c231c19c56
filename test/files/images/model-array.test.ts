import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ndArray, zeros } from '../../../src/engine/arrays/index.ts';
import { arrayFromPictures, makePicture, picturesFromArray } from '../../../src/files/images/index.ts';
import { distinctPixels } from './sample-pictures.ts';

describe('pictures as model arrays', () => {
  test('are [pictures, 3, height, width] in [−1, 1]', () => {
    const picture = makePicture(1, 2, Uint8Array.of(0, 51, 102, 255, 204, 153));
    const array = arrayFromPictures([picture]);
    expect(array.shape).toEqual([1, 3, 1, 2]);
    // [red of both pixels, green, blue]: pixel / 127.5 − 1
    expect([...array.data]).toEqual([-1, 1, -0.6, 0.6, -0.2, 0.2].map(Math.fround));
  });

  test('come back bit for bit', () => {
    const all = [
      makePicture(16, 16, distinctPixels(16, 16)),
      makePicture(16, 16, new Uint8Array(768).fill(255)),
    ];
    expect(picturesFromArray(arrayFromPictures(all))).toEqual(all);
  });

  test('round to nearest and clamp', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const [picture] = picturesFromArray(ndArray('float32', [1, 3, 1, 1], Float32Array.of(value, 0, -2)));
        const exact = Math.min(255, Math.max(0, (value + 1) * 127.5));
        expect(Math.abs(picture!.pixels[0]! - exact)).toBeLessThanOrEqual(0.5);
        expect([...picture!.pixels.subarray(1)]).toEqual([128, 0]);
      }),
    );
  });

  test.each([
    [Number.NaN, /latents: element \[1, 2, 1, 0\] is NaN, which has no colour/],
    [Number.POSITIVE_INFINITY, /latents: element \[1, 2, 1, 0\] is Infinity/],
  ])('refuse %d', (value, message) => {
    const array = zeros([2, 3, 2, 3], 'float32');
    array.data[18 + 12 + 3] = value;
    expect(() => picturesFromArray(array, 'latents')).toThrow(message);
  });

  test.each([[[3, 4, 4]], [[1, 4, 4, 4]], [[1, 3, 0, 4]], [[0, 3, 4, 4]]])('refuse the shape %j', (shape) => {
    expect(() => picturesFromArray(zeros(shape, 'float32'), 'x')).toThrow(
      `x: an array of pictures is [pictures, 3, height, width], got [${shape.join(', ')}]`,
    );
  });

  test('refuse pictures of two sizes, and none', () => {
    const small = makePicture(1, 1, new Uint8Array(3));
    const large = makePicture(1, 2, new Uint8Array(6));
    expect(() => arrayFromPictures([small, large])).toThrow(
      'number 1 is 2 x 1, the first 1 x 1; make them equal',
    );
    expect(() => arrayFromPictures([])).toThrow('needs at least one, got none');
  });
});
