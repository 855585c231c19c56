import { describe, expect, test } from 'vitest';
import {
  coverPicture,
  makePicture,
  type Picture,
  resizePicture,
  squarePicture,
} from '../../../src/files/images/index.ts';

/** Red at the left third, green in the middle, blue at the right third of 90 x 30. */
const thirds = (alpha?: Uint8Array): Picture => {
  const pixels = new Uint8Array(90 * 30 * 3);
  for (let pixel = 0; pixel < 90 * 30; pixel++) pixels[3 * pixel + Math.floor((pixel % 90) / 30)] = 255;
  return makePicture(30, 90, pixels, alpha);
};

const colourAt = ({ pixels, width }: Picture, row: number, column: number) => [
  ...pixels.slice(3 * (row * width + column), 3 * (row * width + column) + 3),
];

describe('a square of a picture', () => {
  test('is its middle, and is not squashed', async () => {
    const square = await squarePicture(thirds(), 20);
    expect([square.height, square.width]).toEqual([20, 20]);
    expect(colourAt(square, 10, 6)).toEqual([0, 255, 0]);
    expect(colourAt(square, 10, 13)).toEqual([0, 255, 0]);
  });

  test('is where the opaque part is, composited on white', async () => {
    const alpha = new Uint8Array(90 * 30);
    for (let row = 5; row < 25; row++) alpha.fill(255, row * 90 + 65, row * 90 + 85);
    const square = await squarePicture(thirds(alpha), 30, { crop: 'subject' });
    expect(colourAt(square, 15, 15)).toEqual([0, 0, 255]);
    expect(colourAt(square, 1, 1)).toEqual([255, 255, 255]);
  });

  test('is where there is something to see', async () => {
    const pixels = new Uint8Array(90 * 30 * 3).fill(128);
    for (let row = 8; row < 22; row++) {
      for (let column = 66; column < 84; column++)
        pixels.set((row + column) % 4 < 2 ? [230, 30, 30] : [20, 30, 220], 3 * (row * 90 + column));
    }
    const square = await squarePicture(makePicture(30, 90, pixels), 30, { crop: 'subject' });
    const coloured = Array.from({ length: 900 }, (_, i) =>
      colourAt(square, Math.floor(i / 30), i % 30),
    ).filter(([r, , b]) => r !== b);
    expect(coloured.length).toBeGreaterThan(200);
  });

  test('has a size', async () => {
    await expect(squarePicture(thirds(), 0)).rejects.toThrow(
      "a picture's sides are whole numbers ≥ 1, got 0",
    );
  });
});

test('a picture of another size shows the same', async () => {
  const small = await resizePicture(thirds(), 15, 30);
  expect([colourAt(small, 7, 2), colourAt(small, 7, 15), colourAt(small, 7, 27)]).toEqual([
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ]);
});

test('a picture of another shape is cropped to its middle, not squashed', async () => {
  const square = await coverPicture(thirds(), 15, 30);
  expect([square.height, square.width]).toEqual([15, 30]);
  // 45 x 15 pixels of which the 30 in the middle are left: 7.5 red, 15 green, 7.5 blue.
  expect([colourAt(square, 7, 2), colourAt(square, 7, 15), colourAt(square, 7, 27)]).toEqual([
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ]);
  expect(colourAt(square, 7, 11)).toEqual([0, 255, 0]);
  expect(colourAt(square, 7, 18)).toEqual([0, 255, 0]);
});
