import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/files/formats/format-error.ts';
import {
  encodePicture,
  makePicture,
  parsePicture,
  parsePngText,
  readPictureRecord,
  recordOfTexts,
  textsOfRecord,
  withPngText,
  writePicture,
} from '../../../src/files/images/index.ts';
import { encodePngChunk } from '../../../src/files/images/png-chunks.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';
import { distinctPixels, expectSentence } from './sample-pictures.ts';

const folder = temporaryFolder();
const picture = makePicture(3, 2, distinctPixels(3, 2));
const plain = await encodePicture(picture, 'PNG');
const settings = {
  prompt: 'a <new1> cat, 4K',
  negativePrompt: 'blurry',
  settings: new Map([
    ['Steps', '20'],
    ['Seed', '1'],
    ['Size', '2x3'],
  ]),
};

describe('texts in a PNG file', () => {
  test('come back, whatever their script, and the pixels stay', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.stringMatching(/^[A-Za-z]{1,20}$/), fc.string({ unit: 'grapheme' })), {
          selector: ([keyword]) => keyword,
        }),
        async (entries) => {
          const texts = entries.map(([keyword, text]) => ({ keyword, text }));
          const bytes = await withPngText(plain, texts);
          expect(await parsePngText(bytes, 'a.png')).toEqual(texts);
          expect((await parsePicture(bytes, 'a.png')).pixels).toEqual(picture.pixels);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('are found by another reader', async () => {
    const texts = [
      { keyword: 'parameters', text: 'a cat\nSteps: 1' },
      { keyword: 'dreamsteerer', text: '{"prompt":"猫"}' },
    ];
    expect((await sharp(await withPngText(plain, texts)).metadata()).comments).toEqual(texts);
  });

  test('are tEXt in Latin-1 and iTXt beyond it', async () => {
    const kinds = async (text: string) =>
      Buffer.from(await withPngText(plain, [{ keyword: 'k', text }]))
        .toString('latin1')
        .match(/tEXt|iTXt/g);
    expect(await kinds('café')).toEqual(['tEXt']);
    expect(await kinds('猫')).toEqual(['iTXt']);
    expect(await kinds('a\0b')).toEqual(['iTXt']);
  });

  test('replace those of their keyword and leave the others', async () => {
    const first = await withPngText(plain, [
      { keyword: 'a', text: '1' },
      { keyword: 'b', text: '2' },
    ]);
    const second = await withPngText(first, [{ keyword: 'a', text: '3' }]);
    expect(await parsePngText(second, 'a.png')).toEqual([
      { keyword: 'b', text: '2' },
      { keyword: 'a', text: '3' },
    ]);
    expect(await withPngText(second, [])).toEqual(Buffer.from(second));
  });

  test('are read compressed, too', async () => {
    const zipped = deflateSync(Buffer.from('grün', 'latin1'));
    const unicode = deflateSync(Buffer.from('猫'));
    const bytes = withChunks(
      encodePngChunk('zTXt', Buffer.concat([Buffer.from('one\0\0'), zipped])),
      encodePngChunk('iTXt', Buffer.concat([Buffer.from('two\0\x01\0de\0zwei\0'), unicode])),
    );
    expect(await parsePngText(bytes, 'a.png')).toEqual([
      { keyword: 'one', text: 'grün' },
      { keyword: 'two', text: '猫' },
    ]);
  });
});

describe('hostile PNG text', () => {
  test.each([
    ['a bomb', () => withChunks(bomb(2 ** 25)), /beyond 16777216 bytes/],
    [
      'many small bombs',
      () => withChunks(...Array.from({ length: 5 }, () => bomb(2 ** 22))),
      /beyond 16777216 bytes/,
    ],
    [
      'damaged compression',
      () => withChunks(encodePngChunk('zTXt', Buffer.from('k\0\0nonsense'))),
      /cannot be inflated/,
    ],
    [
      'unknown compression',
      () => withChunks(encodePngChunk('zTXt', Buffer.from('k\0\x07x'))),
      /unknown method 7/,
    ],
    [
      'no keyword',
      () => withChunks(encodePngChunk('tEXt', Buffer.from('endless'))),
      /has no end of its keyword/,
    ],
    ['a wrong checksum', () => edited(Buffer.from('k\0text'), 'tEXt', 9), /does not have its checksum/],
    [
      'a thousand texts',
      () => withChunks(...Array.from({ length: 1001 }, () => encodePngChunk('tEXt', Buffer.from('k\0')))),
      /1001 texts, more than the 1000/,
    ],
    ['a chunk beyond the end', () => lengthened(), /bytes at byte 8, but ends at/],
    ['no end', () => plain.subarray(0, plain.length - 12), /is cut off at byte/],
    ['no PNG', () => Buffer.from('GIF89a'), /is not a PNG file/],
    [
      'a type that is none',
      () => withChunks(encodePngChunk('t\0Xt', Buffer.from('k\0'))),
      /chunk of the type "t\\u0000Xt"/,
    ],
  ])('%s is refused', async (_, bytes, message) => {
    await expectSentence(parsePngText(bytes(), 'a.png'), 'a.png', message);
  });

  test('never ends in anything but texts or a sentence', async () => {
    const whole = await withPngText(plain, textsOfRecord({ settings, recipe: { seed: 1 } }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        async (edits, cut) => {
          const bytes = new Uint8Array(whole);
          for (const [place, value] of edits) bytes[place % bytes.length] = value;
          const part = bytes.subarray(0, cut % 2 === 0 ? bytes.length : cut % bytes.length);
          const outcome = await parsePngText(part, 'a.png')
            .then(recordOfTexts)
            .catch((error) => error);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(FormatError);
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  test.each(['', 'x'.repeat(80), ' x', 'a\nb', '猫'])('refuses the keyword %j', async (keyword) => {
    await expect(withPngText(plain, [{ keyword, text: '' }])).rejects.toThrow(
      /a keyword is 1 to 79 printable/,
    );
  });
});

describe("a picture's record", () => {
  test('is written into a PNG file and read from it', async () => {
    const record = {
      settings,
      recipe: { prompt: '猫 "x"', steps: 20, concepts: [{ hash: 'ab', weight: 0.5 }], none: null },
    };
    const path = folder.path('made.png');
    await writePicture(path, picture, { texts: textsOfRecord(record) });
    expect(await readPictureRecord(path)).toEqual(record);
  });

  test('is empty for a picture from elsewhere', async () => {
    expect(await readPictureRecord(await folder.put('plain.png', plain))).toEqual({});
  });

  test.each([
    ['[1]', /text "dreamsteerer" is no JSON object/],
    ['null', /is no JSON object/],
    ['{"a":1,"a":2}', /key "a" twice/],
    ['{', /JSON cannot be read/],
    [`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, /nests deeper than 64 levels/],
  ])('refuses the recipe %s', async (text, message) => {
    const path = await folder.put('bad.png', await withPngText(plain, [{ keyword: 'dreamsteerer', text }]));
    await expectSentence(readPictureRecord(path), path, message);
  });
});

/** The chunks stand after IHDR, which ends at byte 33. */
const withChunks = (...chunks: Uint8Array[]): Buffer =>
  Buffer.concat([plain.subarray(0, 33), ...chunks, plain.subarray(33)]);

const bomb = (length: number): Uint8Array =>
  encodePngChunk('zTXt', Buffer.concat([Buffer.from('k\0\0'), deflateSync(Buffer.alloc(length))]));

function edited(contents: Uint8Array, type: string, place: number): Uint8Array {
  const chunk = encodePngChunk(type, contents);
  chunk[place]! ^= 1;
  return withChunks(chunk);
}

function lengthened(): Uint8Array {
  const bytes = new Uint8Array(plain);
  bytes.set([0xff, 0xff, 0xff, 0xff], 8);
  return bytes;
}
