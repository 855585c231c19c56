import { describe, expect, test } from 'vitest';
import { describeChange, parsePicture, readPicture } from '../../../src/files/images/index.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';
import { distinctPixels, rawImage } from './sample-pictures.ts';

const folder = temporaryFolder();

describe('reading a picture', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('applies EXIF orientation %d', async (orientation) => {
    const [height, width] = [2, 3];
    const upright = distinctPixels(height, width);
    const { samples, storedWidth, storedHeight } = store(upright, height, width, orientation);
    const bytes = await rawImage(samples, storedWidth, storedHeight)
      .withMetadata({ orientation })
      .png()
      .toBuffer();

    const picture = await parsePicture(bytes, 'phone.png');

    expect([picture.height, picture.width]).toEqual([height, width]);
    expect(picture.pixels).toEqual(upright);
    expect(picture.changes).toEqual(orientation === 1 ? [] : [{ kind: 'oriented', orientation }]);
  });

  test.each(['jpeg', 'webp', 'tiff'] as const)('applies EXIF orientation in %s', async (format) => {
    const bytes = await rawImage(distinctPixels(20, 30), 30, 20)
      .withMetadata({ orientation: 6 })
      .toFormat(format)
      .toBuffer();
    const picture = await parsePicture(bytes, 'phone');
    expect([picture.height, picture.width]).toEqual([30, 20]);
    expect(picture.changes).toContainEqual({ kind: 'oriented', orientation: 6 });
  });

  test.each([
    ['png', {}, 0],
    ['webp', { lossless: true }, 0],
    ['tiff', { compression: 'lzw' }, 0],
    ['jpeg', { quality: 100, chromaSubsampling: '4:4:4' }, 4],
    ['avif', { lossless: true }, 6],
  ] as const)('decodes %s', async (format, options, tolerance) => {
    const gradient = Uint8Array.from(
      { length: 16 * 24 * 3 },
      (_, i) => Math.floor(i / 72) * 12 + (i % 3) * 20,
    );
    const bytes = await rawImage(gradient, 24, 16).toFormat(format, options).toBuffer();
    const { pixels, height, width } = await readPicture(await folder.put(`a.${format}`, bytes));
    expect([height, width, pixels.length]).toEqual([16, 24, gradient.length]);
    expect(Math.max(...pixels.map((value, i) => Math.abs(value - gradient[i]!)))).toBeLessThanOrEqual(
      tolerance,
    );
  });

  test('decodes the first frame of an animation and says so', async () => {
    const frames = Uint8Array.from({ length: 2 * 4 * 4 * 3 }, (_, i) => (i < 48 ? 255 : 0));
    const bytes = await rawImage(frames, 4, 8).gif().toBuffer();
    const { default: sharp } = await import('sharp');
    const animated = await sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
      .gif()
      .toBuffer();
    expect((await parsePicture(bytes, 'still.gif')).height).toBe(8);
    const picture = await parsePicture(animated, 'moving.gif');
    expect([picture.height, picture.width]).toEqual([4, 4]);
    expect([...picture.pixels]).toEqual(Array(48).fill(255));
    expect(picture.changes).toContainEqual({ kind: 'first-frame', frames: 2 });
  });

  test('keeps alpha as a channel of its own, colours not multiplied by it', async () => {
    const samples = Uint8Array.of(200, 100, 50, 0, 200, 100, 50, 128, 200, 100, 50, 255);
    const bytes = await rawImage(samples, 3, 1).png().toBuffer();
    const picture = await parsePicture(bytes, 'cut-out.png');
    expect([...picture.pixels]).toEqual([200, 100, 50, 200, 100, 50, 200, 100, 50]);
    expect([...picture.alpha!]).toEqual([0, 128, 255]);
  });

  test('composites alpha on a stated colour', async () => {
    const samples = Uint8Array.of(200, 100, 50, 0, 200, 100, 50, 128, 200, 100, 50, 255);
    const bytes = await rawImage(samples, 3, 1).png().toBuffer();
    const picture = await parsePicture(bytes, 'cut-out.png', { onto: [255, 0, 10] });
    // (128·200 + 127·255) / 255 = 227.39, (128·100) / 255 = 50.2, (128·50 + 127·10) / 255 = 30.08
    expect([...picture.pixels]).toEqual([255, 0, 10, 227, 50, 30, 200, 100, 50]);
    expect(picture.alpha).toBeUndefined();
    expect(picture.changes).toEqual([{ kind: 'alpha-composited', onto: [255, 0, 10] }]);
  });

  test('makes grey, and grey with alpha, RGB', async () => {
    const grey = await parsePicture(
      await rawImage(Uint8Array.of(0, 90, 255), 3, 1)
        .toColourspace('b-w')
        .png()
        .toBuffer(),
      'grey.png',
    );
    expect([...grey.pixels]).toEqual([0, 0, 0, 90, 90, 90, 255, 255, 255]);
    expect(grey.changes).toEqual([{ kind: 'colours-converted', from: 'grey' }]);
    const alpha = await parsePicture(
      await rawImage(Uint8Array.of(10, 20, 30, 40), 2, 1)
        .toColourspace('b-w')
        .png()
        .toBuffer(),
      'grey.png',
    );
    expect([...alpha.pixels]).toEqual([10, 10, 10, 30, 30, 30]);
    expect([...alpha.alpha!]).toEqual([20, 40]);
  });

  test('reduces 16 bits to 8', async () => {
    const samples = Uint16Array.of(0, 0x80ff, 0xffff, 0x1234, 0x00ff, 0x0100);
    const bytes = await rawImage(samples, 2, 1).toColourspace('rgb16').png().toBuffer();
    const picture = await parsePicture(bytes, 'deep.png');
    expect([...picture.pixels]).toEqual([0, 0x80, 0xff, 0x12, 0, 1]);
    expect(picture.changes).toEqual([{ kind: 'depth-reduced', from: '16 bits' }]);
  });

  test('converts CMYK to sRGB', async () => {
    const brown = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => [150, 110, 90][i % 3]!);
    const bytes = await rawImage(brown, 8, 8).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    const picture = await parsePicture(bytes, 'print.jpg');
    expect(picture.changes).toContainEqual({ kind: 'colours-converted', from: 'CMYK' });
    const [r, g, b] = picture.pixels;
    for (const [value, expected] of [
      [r, 150],
      [g, 110],
      [b, 90],
    ] as const) {
      expect(Math.abs(value! - expected)).toBeLessThan(13); // two conversions between profiles
    }
  });

  test("converts a phone's Display P3 to sRGB and keeps the profile", async () => {
    const sRgb = Uint8Array.of(200, 100, 50, 128, 128, 128);
    const p3 = await rawImage(sRgb, 2, 1).withIccProfile('p3').png().toBuffer();
    const { default: sharp } = await import('sharp');
    const stored = await sharp(p3, { ignoreIcc: true }).raw().toBuffer();
    expect(stored[0]).toBeLessThan(195); // the same red takes a smaller number in a wider gamut

    const picture = await parsePicture(p3, 'phone.png');

    for (const [index, value] of picture.pixels.entries()) {
      expect(Math.abs(value - sRgb[index]!)).toBeLessThanOrEqual(1);
    }
    expect(picture.profile!.bytes.length).toBeGreaterThan(128);
    expect(picture.changes).toEqual([{ kind: 'profile-converted', profile: picture.profile!.name }]);
    expect(picture.profile!.name).toMatch(/P3/i);
  });

  test.each([
    [1, 1],
    [1, 3000],
    [3000, 1],
    [513, 77],
  ])('reads %d x %d', async (height, width) => {
    const pixels = distinctPixels(height, width);
    const picture = await parsePicture(await rawImage(pixels, width, height).png().toBuffer(), 'odd.png');
    expect([picture.height, picture.width]).toEqual([height, width]);
    expect(Buffer.compare(picture.pixels, pixels)).toBe(0);
  });

  test('describes what it changed', () => {
    expect(
      (
        [
          { kind: 'oriented', orientation: 6 },
          { kind: 'profile-converted', profile: 'Display P3' },
          { kind: 'colours-converted', from: 'CMYK' },
          { kind: 'depth-reduced', from: '16 bits' },
          { kind: 'first-frame', frames: 3 },
          { kind: 'alpha-composited', onto: [255, 255, 255] },
        ] as const
      ).map(describeChange),
    ).toEqual([
      'turned upright (EXIF orientation 6)',
      'converted from the colour profile "Display P3" to sRGB',
      'converted from CMYK to sRGB',
      'reduced from 16 bits to 8 bits a channel',
      'first of 3 frames',
      'transparency composited on the colour [255, 255, 255]',
    ]);
  });
});

/**
 * Lays upright pixels out as a camera with this orientation stores them (EXIF 2.32, table of tag 0x0112: what the
 * stored row 0 and column 0 are of the scene).
 */
function store(upright: Uint8Array, height: number, width: number, orientation: number) {
  const turned = orientation >= 5;
  const [storedHeight, storedWidth] = turned ? [width, height] : [height, width];
  const samples = new Uint8Array(upright.length);
  for (let row = 0; row < storedHeight; row++) {
    for (let column = 0; column < storedWidth; column++) {
      const [y, x] = scenePlace[orientation]!(row, column, height - 1, width - 1);
      for (let c = 0; c < 3; c++) {
        samples[3 * (row * storedWidth + column) + c] = upright[3 * (y! * width + x!) + c]!;
      }
    }
  }
  return { samples, storedHeight, storedWidth };
}

/** Where in the scene the stored (row, column) lies; `bottom` and `right` are the last row and column of the scene. */
const scenePlace: Readonly<
  Record<number, (row: number, column: number, bottom: number, right: number) => readonly number[]>
> = {
  1: (row, column) => [row, column], // row 0 is the top, column 0 the left
  2: (row, column, _, right) => [row, right - column], // top, right
  3: (row, column, bottom, right) => [bottom - row, right - column], // bottom, right
  4: (row, column, bottom) => [bottom - row, column], // bottom, left
  5: (row, column) => [column, row], // left, top
  6: (row, column, _, right) => [column, right - row], // right, top
  7: (row, column, bottom, right) => [bottom - column, right - row], // right, bottom
  8: (row, column, bottom) => [bottom - column, row], // left, bottom
};
