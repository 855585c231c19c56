import { readdir, readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import {
  encodePicture,
  makePicture,
  parsePicture,
  readPicture,
  writePicture,
} from '../../../src/files/images/index.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';
import { distinctPixels, expectSentence, rawImage } from './sample-pictures.ts';

const folder = temporaryFolder();
const pixels = distinctPixels(5, 7);
const alpha = distinctPixels(5, 7, 1);

describe('writing a picture', () => {
  test.each([
    ['a.png', {}],
    ['A.PNG', {}],
    ['a.webp', { quality: 100 }],
  ])('%s comes back bit for bit, with alpha and without', async (name, options) => {
    for (const picture of [makePicture(5, 7, pixels), makePicture(5, 7, pixels, alpha)]) {
      await writePicture(folder.path(name), picture, { ...options, existing: 'replace' });
      expect(await readPicture(folder.path(name))).toEqual(picture);
    }
  });

  test('JPEG comes back nearly, better at a higher quality', async () => {
    const smooth = makePicture(
      32,
      32,
      Uint8Array.from({ length: 3072 }, (_, i) => Math.floor(i / 96) * 7 + (i % 3)),
    );
    const errors = [];
    for (const quality of [30, 95]) {
      const bytes = await encodePicture(smooth, 'JPEG', { quality });
      const back = await parsePicture(bytes, 'a.jpg');
      errors.push(back.pixels.reduce((sum, value, i) => sum + Math.abs(value - smooth.pixels[i]!), 0) / 3072);
    }
    expect(errors[1]!).toBeLessThan(1.5);
    expect(errors[1]!).toBeLessThan(errors[0]!);
  });

  test("can write it back in the file's own profile", async () => {
    const sRgb = Uint8Array.of(200, 100, 50, 128, 128, 128);
    const p3 = await rawImage(sRgb, 2, 1).withIccProfile('p3').png().toBuffer();
    const picture = await parsePicture(p3, 'phone.png');

    const own = await encodePicture(picture, 'PNG', { profile: 'own' });
    const plain = await encodePicture(picture, 'PNG');

    const stored = (bytes: Uint8Array) => sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    expect((await sharp(own).metadata()).icc).toEqual((await sharp(p3).metadata()).icc);
    for (const [i, value] of (await stored(own)).entries()) {
      expect(Math.abs(value - (await stored(p3))[i]!)).toBeLessThanOrEqual(1);
    }
    expect((await sharp(plain).metadata()).icc).toBeUndefined();
    expect([...(await stored(plain))]).toEqual([...picture.pixels]);
    const again = await parsePicture(own, 'own.png');
    for (const [i, value] of again.pixels.entries())
      expect(Math.abs(value - sRgb[i]!)).toBeLessThanOrEqual(2);
  });

  test('refuses to overwrite unless asked, and leaves nothing else behind', async () => {
    const path = await folder.put('taken.png', 'mine');
    const before = await readdir(folder.path('.'));
    await expectSentence(
      writePicture(path, makePicture(5, 7, pixels)),
      path,
      /is there already; choose another name, or ask for it to be replaced/,
    );
    expect(await readFile(path, 'utf8')).toBe('mine');
    expect(await readdir(folder.path('.'))).toEqual(before);
    await writePicture(path, makePicture(5, 7, pixels), { existing: 'replace' });
    expect((await readPicture(path)).pixels).toEqual(pixels);
    expect(await readdir(folder.path('.'))).toEqual(before);
  });

  test('lets one of two writers win', async () => {
    const path = folder.path('race.png');
    const results = await Promise.allSettled(
      [1, 2, 3, 4].map((shade) => writePicture(path, makePicture(1, 1, new Uint8Array(3).fill(shade)))),
    );
    const winners = results.flatMap(({ status }, i) => (status === 'fulfilled' ? [i + 1] : []));
    expect(winners).toHaveLength(1);
    expect([...(await readPicture(path)).pixels]).toEqual(Array(3).fill(winners[0]));
  });

  test.each([
    ['no.gif', {}, undefined, /a picture's name ends in .png, .jpg, .jpeg, .webp; choose one of them/],
    ['no', {}, undefined, /name ends in/],
    ['no.jpg', {}, alpha, /JPEG has no transparency; composite/],
    ['no.jpg', { texts: [{ keyword: 'parameters', text: '' }] }, undefined, /JPEG has no place for texts/],
    ['no.webp', { quality: 0 }, undefined, /a quality is a number from 1 to 100, got 0/],
    ['no.webp', { quality: Number.NaN }, undefined, /from 1 to 100, got NaN/],
    ['nowhere/no.png', {}, undefined, /cannot be written \(ENOENT\)/],
  ])('refuses %s %j', async (name, options, withAlpha, message) => {
    const path = folder.path(name);
    const error = await writePicture(path, makePicture(5, 7, pixels, withAlpha), options).catch((e) => e);
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(path)).toBe(true);
  });

  test.each([
    [() => makePicture(5, 7, pixels.subarray(1)), /pixels of this size are 105 bytes, got 104/],
    [() => makePicture(5, 7, pixels, pixels), /alpha of this size are 35 bytes, got 105/],
    [() => makePicture(0, 7, new Uint8Array(0)), /whole numbers ≥ 1, got 0 and 7/],
    [() => makePicture(1.5, 2, new Uint8Array(9)), /whole numbers ≥ 1, got 1.5 and 2/],
  ])('a picture of the wrong size is refused (%#)', (make, message) => {
    expect(make).toThrow(message);
  });
});
