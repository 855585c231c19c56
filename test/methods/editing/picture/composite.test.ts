import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { full, ndArray, normal, randomKey, uniform } from '../../../../src/engine/arrays/index.ts';
import { composite } from '../../../../src/methods/editing/picture/composite.ts';
import { modelInput, windowOf } from '../../../../src/methods/editing/picture/crop-pixels.ts';
import {
  latentMask,
  maskOfEverything,
  maskOfGiven,
  maskOfPicture,
  maskOfRegion,
} from '../../../../src/methods/editing/picture/edit-mask.ts';
import type { Raster } from '../../../../src/methods/editing/picture/raster.ts';
import {
  type Box,
  boxOf,
  checkCrop,
  chooseCrop,
  wholeCrop,
} from '../../../../src/methods/editing/picture/square-crop.ts';

/** A picture of random samples with alpha, and a name that has to survive. */
function randomPicture(seed: number, height: number, width: number, depth: 8 | 16) {
  const white = depth === 8 ? 255 : 65_535;
  const values = uniform(randomKey(seed), [height * width * 3], 0, white + 1).data;
  const pixels = depth === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
  const alpha = new Uint8Array(height * width).map((_, i) => i % 256);
  return { height, width, pixels, alpha, name: 'IMG_0001' };
}

const side = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 24 }) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 90) },
);

const anyEdit = fc.record({
  seed: fc.integer({ min: 0, max: 1e6 }),
  height: side,
  width: side,
  depth: fc.constantFrom<8 | 16>(8, 16),
  top: fc.double({ min: 0, max: 1, noNaN: true }),
  left: fc.double({ min: 0, max: 1, noNaN: true }),
  side: fc.integer({ min: 1, max: 40 }),
  density: fc.double({ min: 0, max: 1, noNaN: true }),
  grow: fc.integer({ min: -2, max: 3 }),
  feather: fc.integer({ min: 0, max: 4 }),
});

/** A crop that shows some of the picture, often over its borders. */
const cropOf = ({
  height,
  width,
  top,
  left,
  side,
}: { readonly [K in 'height' | 'width' | 'top' | 'left' | 'side']: number }) => ({
  top: Math.round(top * (height + side - 2)) - side + 1,
  left: Math.round(left * (width + side - 2)) - side + 1,
  side,
});

describe('the composite', () => {
  it('has every bit of the picture outside the mask, whatever the size, depth, crop and mask', () => {
    fc.assert(
      fc.property(anyEdit, (edit) => {
        const picture = randomPicture(edit.seed, edit.height, edit.width, edit.depth);
        const before = structuredClone(picture);
        const crop = cropOf(edit);
        checkCrop(picture, crop);
        const given = uniform(randomKey(edit.seed + 1), [edit.height, edit.width]);
        const drawn = { ...given, data: given.data.map((value) => (value < edit.density ? 1 : 0)) };
        const mask = maskOfGiven(picture, crop, drawn, edit);
        const image = normal(randomKey(edit.seed + 2), [1, 3, 5, 5]);
        const edited = composite(picture, { image, crop, mask });
        expect(picture).toEqual(before);
        expect(edited.pixels.constructor).toBe(picture.pixels.constructor);
        expect([edited.alpha, edited.name]).toEqual([picture.alpha, 'IMG_0001']);
        edited.pixels.forEach((value, index) => {
          const pixel = Math.floor(index / 3);
          const row = Math.floor(pixel / edit.width) - crop.top;
          const column = (pixel % edit.width) - crop.left;
          const isCropped = row >= 0 && column >= 0 && row < crop.side && column < crop.side;
          const share = isCropped ? mask.data[row * crop.side + column]! : 0;
          if (share === 0 && value !== picture.pixels[index]) throw new Error(`pixel ${pixel} changed`);
        });
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [8, 255],
    [16, 65_535],
  ] as const)('is the edit inside the mask: %i bits', (depth, white) => {
    const picture = randomPicture(1, 6, 9, depth);
    const crop = { top: 1, left: 2, side: 4 };
    const image = full([1, 3, 2, 2], 0.5);
    const mask = full([4, 4], 1);
    const { pixels } = composite(picture, { image, crop, mask });
    expect(pixels[3 * (1 * 9 + 2)]).toBe(Math.round(0.75 * white));
    expect(pixels[3 * (4 * 9 + 5) + 2]).toBe(Math.round(0.75 * white));
    expect(pixels[3 * (4 * 9 + 6)]).toBe(picture.pixels[3 * (4 * 9 + 6)]);
    const half = composite(picture, { image, crop, mask: full([4, 4], 0.5) }).pixels;
    const index = 3 * (2 * 9 + 3);
    expect(Math.abs(half[index]! - (picture.pixels[index]! + 0.75 * white) / 2)).toBeLessThanOrEqual(0.5);
  });

  it('keeps values beyond −1 … 1 in the range of the picture', () => {
    const picture = randomPicture(1, 2, 2, 8);
    const crop = wholeCrop(picture);
    for (const [value, found] of [
      [9, 255],
      [-9, 0],
    ] as const) {
      const { pixels } = composite(picture, {
        image: full([1, 3, 2, 2], value),
        crop,
        mask: full([2, 2], 1),
      });
      expect([...pixels]).toEqual(new Array(12).fill(found));
    }
  });

  it('gives back what the model was given, where nothing is resized', () => {
    for (const depth of [8, 16] as const) {
      const picture = randomPicture(4, 7, 7, depth);
      const crop = wholeCrop(picture);
      const image = modelInput(picture, windowOf(crop), [7, 7]);
      const { pixels } = composite(picture, { image, crop, mask: full([7, 7], 1) });
      expect(pixels).toEqual(picture.pixels);
    }
  });

  it('refuses a mask of another size and an image of NaN', () => {
    const picture = randomPicture(1, 4, 4, 8);
    const crop = wholeCrop(picture);
    const image = full([1, 3, 2, 2], 0);
    expect(() => composite(picture, { image, crop, mask: full([3, 4], 1) })).toThrow(
      'composite: the mask is as large as the crop, 4 x 4, got [3, 4]',
    );
    expect(() =>
      composite(picture, { image: full([1, 3, 2, 2], Number.NaN), crop, mask: full([4, 4], 1) }),
    ).toThrow('composite: the edited image holds 12 of 12 values that are not finite');
  });
});

describe('what a model sees of a picture', () => {
  it('repeats the outermost pixels beyond the borders', () => {
    const picture: Raster = { height: 1, width: 2, pixels: Uint8Array.of(0, 0, 0, 255, 255, 255) };
    const seen = modelInput(picture, { top: -1, left: -1, height: 4, width: 4 }, [4, 4]);
    expect([...seen.data.slice(0, 8)]).toEqual([-1, -1, 1, 1, -1, -1, 1, 1]);
  });

  it('reads 8 and 16 bits alike', () => {
    const pixels = Uint8Array.from({ length: 75 }, (_, i) => (i * 37) % 256);
    const eight = { height: 5, width: 5, pixels };
    const sixteen = { height: 5, width: 5, pixels: Uint16Array.from(pixels, (value) => value * 257) };
    const window = { top: 0, left: 0, height: 5, width: 5 };
    const [a, b] = [eight, sixteen].map((picture) => modelInput(picture, window, [3, 8]).data);
    a!.forEach((value, index) => {
      expect(value).toBeCloseTo(b![index]!, 5);
    });
  });
});

describe('a crop', () => {
  const anyBox = fc
    .record({ height: side, width: side, numbers: fc.array(fc.nat(89), { minLength: 4, maxLength: 4 }) })
    .map(({ height, width, numbers: [a, b, c, d] }) => {
      const [rows, columns] = [
        [a! % height, b! % height].sort((x, y) => x - y),
        [c! % width, d! % width].sort((x, y) => x - y),
      ];
      const box: Box = { top: rows[0]!, bottom: rows[1]! + 1, left: columns[0]!, right: columns[1]! + 1 };
      return { height, width, box };
    });

  it('holds its box, is not too small, and leaves the picture only for the box', () => {
    fc.assert(
      fc.property(
        anyBox,
        fc.integer({ min: 1, max: 30 }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        ({ height, width, box }, leastSide, context) => {
          const crop = chooseCrop({ height, width }, box, { context, leastSide });
          checkCrop({ height, width }, crop);
          const { top, left, side } = crop;
          expect(top <= box.top && left <= box.left).toBe(true);
          expect(top + side >= box.bottom && left + side >= box.right).toBe(true);
          const shorter = Math.min(height, width);
          expect(side).toBeGreaterThanOrEqual(Math.min(leastSide, shorter));
          if (side > shorter) {
            const longer = Math.max(box.bottom - box.top, box.right - box.left);
            expect(1.1 * longer).toBeGreaterThan(shorter);
            expect(side).toBeLessThanOrEqual(Math.max(height, width));
          } else {
            expect(top >= 0 && left >= 0 && top + side <= height && left + side <= width).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('has context on all sides where there is room', () => {
    const box = { top: 400, bottom: 500, left: 300, right: 340 };
    expect(chooseCrop({ height: 1000, width: 1000 }, box, { context: 0.5, leastSide: 64 })).toEqual({
      top: 350,
      left: 220,
      side: 200,
    });
    expect(() => chooseCrop({ height: 9, width: 9 }, box, { context: -1, leastSide: 1 })).toThrow(
      'the context is a share ≥ 0 of the subject, got -1',
    );
  });

  it('of the whole stands in its middle', () => {
    expect(wholeCrop({ height: 10, width: 4 })).toEqual({ top: 0, left: -3, side: 10 });
    expect(wholeCrop({ height: 1, width: 1 })).toEqual({ top: 0, left: 0, side: 1 });
  });

  it.each([
    [{ top: 0, left: 0, side: 0 }],
    [{ top: 4, left: 0, side: 3 }],
    [{ top: 0, left: -3, side: 3 }],
    [{ top: 0.5, left: 0, side: 3 }],
  ])('that shows nothing, or half pixels, is refused: %j', (crop) => {
    expect(() => checkCrop({ height: 4, width: 4 }, crop)).toThrow(
      'shows a part of the 4 x 4 picture, got a side of',
    );
  });

  it('knows the box of a mask', () => {
    const mask = ndArray('float32', [3, 4], Float32Array.of(0, 0, 0, 0, 0.4, 0, 0.5, 0, 0, 0, 0, 1));
    expect(boxOf(mask)).toEqual({ top: 1, bottom: 3, left: 2, right: 4 });
    expect(boxOf(full([2, 2], 0.4))).toBeUndefined();
  });
});

describe('the mask of a crop', () => {
  const picture = { height: 40, width: 40 };
  const inside = { top: 8, left: 8, side: 16 };

  it('of a region grows and is feathered by a latent cell unless told otherwise', () => {
    const region = full([8, 8], 0);
    region.data[4 * 8 + 4] = 1; // pixels 8 and 9 of the crop
    const row = [...maskOfRegion(picture, inside, region, {}).data.slice(8 * 16, 9 * 16)];
    expect(row).toEqual([0, 0, 0, 0, 0, 0.5, 1, 1, 1, 1, 1, 1, 0.5, 0, 0, 0]);
    const hard = maskOfRegion(picture, inside, region, { grow: 0, feather: 0 });
    expect(hard.data.reduce((sum, value) => sum + value, 0)).toBe(4);
  });

  it('that is given stays as it is, unless it is to grow or to be feathered', () => {
    const given = full([40, 40], 0.25);
    expect(maskOfGiven(picture, inside, given, {}).data.every((share) => share === 0.25)).toBe(true);
    expect(maskOfGiven(picture, inside, given, { grow: 1 }).data.every((share) => share === 0)).toBe(true);
  });

  it('is 0 beyond the picture, and fades where the crop cuts through it', () => {
    const corner = { top: -4, left: 24, side: 20 };
    const mask = maskOfEverything(picture, corner, 5); // feather 4
    const at = (row: number, column: number) => mask.data[row * 20 + column]!;
    expect([at(3, 10), at(10, 17)]).toEqual([0, 0]);
    expect([at(4, 10), at(10, 15)]).toEqual([1, 1]); // the picture's own borders
    expect([at(10, 0), at(10, 1), at(10, 3), at(10, 4)]).toEqual([0.125, 0.375, 0.875, 1]);
    expect(at(19, 10)).toBe(0.125);
  });

  it('is placed in the picture where its crop is', () => {
    const crop = { top: -1, left: 1, side: 3 };
    const mask = ndArray('float32', [3, 3], Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9));
    const whole = maskOfPicture({ height: 3, width: 3 }, crop, mask);
    expect([...whole.data]).toEqual([...Float32Array.of(0, 0.4, 0.5, 0, 0.7, 0.8, 0, 0, 0)]);
  });

  it('for latents is an average over cells: 1 inside, 0 outside', () => {
    const mask = full([16, 16], 0);
    for (let row = 0; row < 16; row++) mask.data.fill(1, row * 16, row * 16 + 8);
    const shares = [...latentMask(mask, 8).data.slice(0, 8)];
    expect(shares.slice(0, 3)).toEqual([1, 1, 1]);
    expect(shares.slice(5)).toEqual([0, 0, 0]);
    expect(shares[3]! + shares[4]!).toBeCloseTo(1, 5);
    expect(latentMask(full([1, 1], 1), 8).data.every((share) => share === 1)).toBe(true);
  });
});
