import { writeFile } from 'node:fs/promises';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/files/formats/format-error.ts';
import { parsePicture, readPicture } from '../../../src/files/images/index.ts';
import { encodePngChunk, PNG_SIGNATURE } from '../../../src/files/images/png-chunks.ts';
import { profileName } from '../../../src/files/images/profile-name.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';
import { expectSentence, noise, rawImage } from './sample-pictures.ts';

const folder = temporaryFolder();

describe('what is no picture', () => {
  test.each([
    ['nothing', '', /it is empty/],
    ['text', 'hello, world', /begins with the bytes 68 65 6c 6c; give a PNG/],
    ['a web page', '<!doctype html><html>', /it is a web page/],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>', /SVG is a drawing without pixels/],
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic', /HEIC needs a licensed decoder; export it as JPEG/],
    ['PDF', '%PDF-1.4', /it is a PDF/],
    ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1', /run git lfs pull/],
    ['only the beginning of a PNG', '\x89PNG\r\n\x1a\n', /damaged or cut off/],
    ['only the beginning of a JPEG', '\xff\xd8\xff\xe0', /damaged or cut off/],
  ])('refuses %s', async (_, content, message) => {
    const path = await folder.put('photo.jpg', Buffer.from(content, 'latin1'));
    await expectSentence(readPicture(path), path, message);
  });

  test('refuses a path that is not there, and a folder', async () => {
    await expectSentence(
      readPicture(folder.path('none.png')),
      folder.path('none.png'),
      /cannot be opened \(ENOENT\)/,
    );
    await expectSentence(readPicture(folder.path('.')), folder.path('.'), /not a regular file/);
  });
});

describe('a damaged picture', () => {
  test.each(['png', 'jpeg', 'webp', 'tiff', 'gif', 'avif'] as const)('cut off: %s', async (format) => {
    const whole = await rawImage(noise(64, 64), 64, 64).toFormat(format).toBuffer();
    for (const share of [0.3, 0.7]) {
      const part = whole.subarray(0, Math.floor(whole.length * share));
      await expectSentence(parsePicture(part, `cut.${format}`), `cut.${format}`, /damaged or cut off/);
    }
  });

  test('never ends in anything but a picture or a sentence', async () => {
    const samples = noise(16, 16);
    const whole = await Promise.all(
      (['png', 'jpeg', 'webp', 'gif'] as const).map((format) =>
        rawImage(samples, 16, 16).toFormat(format).toBuffer(),
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(3),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (which, edits) => {
          const bytes = new Uint8Array(whole[which]!);
          for (const [place, value] of edits) bytes[place % bytes.length] = value;
          const picture = await parsePicture(bytes, 'mutated', { mostPixels: 2 ** 20 }).catch(
            (error) => error,
          );
          if (picture instanceof Error) expect(picture).toBeInstanceOf(FormatError);
          else expect(picture.pixels.length).toBe(picture.height * picture.width * 3);
        },
      ),
      { numRuns: 150, seed: 20241108 },
    );
  });
});

describe('a decompression bomb', () => {
  test('of 20,000 x 20,000 pixels is refused before it is unpacked', async () => {
    const path = await folder.put('bomb.png', blankPng(20_000, 20_000));
    const before = process.memoryUsage().rss;
    await expectSentence(
      readPicture(path),
      path,
      /is 20000 x 20000, 400000000 pixels, more than the 268435456 allowed/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
  });

  test('has a limit that the caller can lower or raise', async () => {
    const bytes = blankPng(300, 200);
    await expectSentence(
      parsePicture(bytes, 'a.png', { mostPixels: 59_999 }),
      'a.png',
      /60000 pixels, more than/,
    );
    expect((await parsePicture(bytes, 'a.png', { mostPixels: 60_000 })).pixels.length).toBe(180_000);
  });

  test('of a name in a profile is cut short', () => {
    const profile = Buffer.alloc(2 ** 20, 'x');
    profile.write('RGB ', 16, 'latin1');
    profile.writeUInt32BE(1, 128);
    profile.write('desc', 132, 'latin1');
    profile.writeUInt32BE(144, 136);
    profile.writeUInt32BE(2 ** 31, 140);
    profile.write('desc', 144, 'latin1');
    profile.writeUInt32BE(2 ** 32 - 1, 152);
    expect(profileName(profile)).toBe('x'.repeat(80));
    for (let length = 0; length < 160; length++) {
      expect(profileName(profile.subarray(0, length)).length).toBeGreaterThan(0);
    }
  });

  test('of bytes is refused before it is read', async () => {
    const path = folder.path('huge.png');
    await writeFile(path, PNG_SIGNATURE);
    const { truncate } = await import('node:fs/promises');
    await truncate(path, 2 ** 30 + 1); // sparse: takes no space
    await expectSentence(readPicture(path), path, /has 1073741825 bytes, more than the 1073741824/);
  });
});

/** A correct grey PNG of zeros in a few kilobytes a hundred megapixels. */
function blankPng(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1; // one bit a pixel
  const rows = Buffer.alloc(height * (1 + Math.ceil(width / 8)));
  return Buffer.concat([
    PNG_SIGNATURE,
    encodePngChunk('IHDR', header),
    encodePngChunk('IDAT', deflateSync(rows)),
    encodePngChunk('IEND', new Uint8Array(0)),
  ]);
}
