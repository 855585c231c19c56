import { describe, expect, test } from 'vitest';
import { randomKey } from '../../../src/engine/index.ts';
import { makePicture, type Picture } from '../../../src/files/images/index.ts';
import { classPrompt, promptsOf } from '../../../src/methods/personalization/index.ts';
import {
  type View,
  validCells,
  viewsOf,
} from '../../../src/methods/personalization/training/augmentation.ts';

const size = 64;
/** Left half red, right half blue. */
const picture: Picture = makePicture(
  size,
  size,
  Uint8Array.from({ length: size * size * 3 }, (_, i) => {
    const left = Math.floor(i / 3) % size < size / 2;
    return i % 3 === (left ? 0 : 2) ? 255 : 0;
  }),
);

const colourAt = ({ pixels, width }: Picture, row: number, column: number) => [
  ...pixels.slice(3 * (row * width + column), 3 * (row * width + column) + 3),
];

describe('views of a picture', () => {
  test('without augmentation are the picture', async () => {
    expect(await viewsOf.none(picture, randomKey(1))).toEqual([
      { picture, valid: { top: 0, left: 0, bottom: size, right: size }, wordings: [] },
    ]);
  });

  test('with flipping are it and its mirror image', async () => {
    const [same, mirrored] = await viewsOf.flip(picture, randomKey(1));
    expect(same!.picture.pixels).toEqual(picture.pixels);
    expect(colourAt(mirrored!.picture, 10, 10)).toEqual([0, 0, 255]);
    expect(colourAt(mirrored!.picture, 10, 60)).toEqual([255, 0, 0]);
  });

  test('with rescaling are smaller on grey or larger, told in words, and the same for the same key', async () => {
    const views: View[] = [];
    for (const seed of [1, 2, 3, 4])
      views.push(...(await viewsOf['flip and rescale'](picture, randomKey(seed))));
    expect(await viewsOf['flip and rescale'](picture, randomKey(1))).toEqual(views.slice(0, 12));
    const kinds = new Set<string>();
    for (const { picture: shown, valid, wordings } of views) {
      const side = valid.right - valid.left;
      expect([shown.width, shown.height, valid.bottom - valid.top]).toEqual([size, size, side]);
      expect(side).toBeGreaterThanOrEqual(Math.floor(size / 3));
      if (side < size) {
        // A corner of the canvas that the picture does not cover is grey.
        const row = valid.top > 0 ? 0 : valid.bottom < size ? size - 1 : 0;
        const column = valid.left > 0 ? 0 : size - 1;
        const outside =
          row < valid.top || row >= valid.bottom || column < valid.left || column >= valid.right;
        if (outside) expect(colourAt(shown, row, column)).toEqual([128, 128, 128]);
        expect(colourAt(shown, valid.top + 2, valid.left + 2)).not.toEqual([128, 128, 128]);
      }
      if (side < 0.59 * size) expect(wordings).toEqual(['far away', 'very small']);
      kinds.add(wordings[0] ?? 'plain');
    }
    expect([...kinds].sort()).toEqual(['far away', 'plain', 'zoomed in']);
  });
});

describe('valid cells', () => {
  test.each([
    ['of the whole picture are all', { top: 0, left: 0, bottom: 32, right: 32 }, '1111 1111 1111 1111'],
    ['leave out one at each edge inside', { top: 0, left: 8, bottom: 32, right: 32 }, '0011 0011 0011 0011'],
    ['are never none', { top: 9, left: 9, bottom: 20, right: 20 }, '0000 0100 0000 0000'],
  ])('%s', (_, frame, expected) => {
    const cells = [...validCells(frame, 32, 8)].join('');
    expect(cells.replace(/(.{4})(?=.)/g, '$1 ')).toBe(expected);
  });
});

describe('prompts', () => {
  test('are wordings of the phrase, or the caption', () => {
    expect(promptsOf('<toy> cat', 'one')).toEqual(['a photo of a <toy> cat']);
    expect(promptsOf('<toy>', 'several').every((prompt) => prompt.includes('<toy>'))).toBe(true);
    expect(promptsOf('<toy>', 'one', '{} on the grass')).toEqual(['<toy> on the grass']);
    expect(promptsOf('<toy>', 'one', 'my <toy>')).toEqual(['my <toy>']);
    expect(() => promptsOf('<toy>', 'one', 'a cat')).toThrow('write {} where "<toy>" belongs');
    expect(classPrompt('cat')).toBe('a photo of a cat');
  });
});
