import { writeFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { normal, randomKey } from '../../../src/engine/index.ts';
import { encodeLikeOriginal, readPicture } from '../../../src/files/images/index.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';

const folder = temporaryFolder();
const [width, height] = [12, 10];

const noise = (channels: 3 | 4) =>
  sharp(
    Uint8Array.from(normal(randomKey(2), [width * height * channels]).data, (value) =>
      Math.max(0, Math.min(255, 128 + 60 * value)),
    ),
    { raw: { width, height, channels } },
  );

const files: readonly (readonly [name: string, file: Sharp, depth: 'uchar' | 'ushort'])[] = [
  ['a plain PNG', noise(3).png(), 'uchar'],
  ['a PNG with alpha', noise(4).png(), 'uchar'],
  ['a PNG in Display P3', noise(3).withIccProfile('p3').png(), 'uchar'],
  ['a PNG of 16 bits', noise(3).toColourspace('rgb16').linear(1.003, 1).png(), 'ushort'],
  ['a grey PNG', noise(3).toColourspace('b-w').png(), 'uchar'],
  ['a grey PNG with alpha', noise(4).toColourspace('b-w').png(), 'uchar'],
  ['a grey PNG of 16 bits', noise(3).toColourspace('grey16').linear(1.003, 1).png(), 'ushort'],
  [
    'a turned JPEG in Display P3',
    noise(3)
      .withIccProfile('p3')
      .withExifMerge({ IFD0: { Orientation: '6' } })
      .jpeg(),
    'uchar',
  ],
];

const stored = async (bytes: Uint8Array | string, depth: 'uchar' | 'ushort') => {
  const image = sharp(bytes, { ignoreIcc: true }).autoOrient();
  const { data, info } = await image
    .toColourspace(depth === 'ushort' ? 'rgb16' : 'srgb')
    .raw({ depth })
    .toBuffer({ resolveWithObject: true });
  return { data, perPixel: data.length / info.width / info.height, ...info };
};

describe('a changed picture', () => {
  test.each(files)(
    'of %s keeps what was not changed bit for bit, and profile, depth and alpha',
    async (name, file, depth) => {
      const path = folder.path(name.replaceAll(' ', '-'));
      await writeFile(path, await file.toBuffer());
      const picture = await readPicture(path);
      const changed = Uint8Array.from({ length: width * height }, (_, pixel) => (pixel % 5 === 0 ? 1 : 0));
      const pixels = picture.pixels.map((value, index) =>
        changed[Math.floor(index / 3)] === 1 ? 255 - value : value,
      );
      const bytes = await encodeLikeOriginal(path, { ...picture, pixels }, { changed });

      const [before, after] = [await stored(path, depth), await stored(bytes, depth)];
      expect([after.width, after.height, after.channels]).toEqual([
        before.width,
        before.height,
        before.channels,
      ]);
      const differing = new Set<number>();
      for (let index = 0; index < before.data.length; index++) {
        if (before.data[index] !== after.data[index]) differing.add(Math.floor(index / before.perPixel));
      }
      expect([...differing].filter((pixel) => changed[pixel] === 0)).toEqual([]);
      expect(differing.size).toBeGreaterThan(width);
      const [from, to] = [await sharp(path).metadata(), await sharp(bytes).metadata()];
      expect([to.depth, to.hasAlpha, to.icc?.length]).toEqual([from.depth, from.hasAlpha, from.icc?.length]);
      // What is seen is what was meant.
      const seen = await readPicture(await written(bytes, path));
      const away = seen.pixels.map((value, index) => Math.abs(value - pixels[index]!));
      expect(Math.max(...away)).toBeLessThanOrEqual(3);
    },
  );
});

async function written(bytes: Uint8Array, path: string): Promise<string> {
  await writeFile(`${path}-changed.png`, bytes);
  return `${path}-changed.png`;
}
