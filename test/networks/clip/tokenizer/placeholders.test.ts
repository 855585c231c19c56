import { describe, expect, it } from 'vitest';
import {
  addPlaceholder,
  decodePrompt,
  encodePrompt,
  promptPieces,
  wordPositions,
} from '../../../../src/networks/clip/tokenizer/index.ts';
import { smallTokenizer } from './small-tokenizer.ts';

describe('addPlaceholder', () => {
  it('gives each vector an id behind the vocabulary', () => {
    const tokenizer = addPlaceholder(smallTokenizer(), { name: '<mug>', vectors: 2 });
    const extended = addPlaceholder(tokenizer, { name: 'sks' });
    expect([...extended.placeholders]).toEqual([
      ['<mug>', [519, 520]],
      ['sks', [521]],
    ]);
    expect(smallTokenizer().placeholders.size).toBe(0);
  });

  it.each([
    ['the <mug>, cat', ['the', '<mug>', ',', 'cat']],
    ['the<mug>cat', ['the', '<mug>', 'cat']],
    ['<mugs> <mug', ['<mugs>', '<', 'mug']],
    ['<MUG>', ['<', 'mug', '>']],
    ['a.b*c axb', ['a.b*c', 'axb']],
  ])('is never split, case counts, and the longest name wins: %j', (prompt, pieces) => {
    const tokenizer = ['<mug>', '<mugs>', 'a.b*c'].reduce(
      (tokenizer, name) => addPlaceholder(tokenizer, { name }),
      smallTokenizer(),
    );
    expect(promptPieces(tokenizer, prompt).map(({ text }) => text)).toEqual(pieces);
  });

  it('is decoded as it was written, once for all its vectors', () => {
    const tokenizer = addPlaceholder(smallTokenizer(), { name: '<Müg>', vectors: 3 });
    const { ids } = encodePrompt(tokenizer, 'the <Müg>, cat');
    expect(ids.slice(2, 5)).toEqual([519, 520, 521]);
    expect(decodePrompt(tokenizer, ids)).toBe('the <Müg>, cat');
  });

  it.each([
    [{ name: 'cat' }, 'addPlaceholder: "cat" is a token already; choose a name such as "<cat-2>"'],
    [{ name: 'the' }, 'addPlaceholder: "the" is a word of the vocabulary; choose a name such as "<the>"'],
    [{ name: '<mug>' }, 'addPlaceholder: "<mug>" is a token already; choose a name such as "<mug-2>"'],
    [{ name: '<mug>_1' }, 'addPlaceholder: "<mug>_1" is a token already'],
    [{ name: 'my mug' }, 'addPlaceholder: a placeholder is one word without white space, got "my mug"'],
    [{ name: '' }, 'addPlaceholder: a placeholder is one word without white space, got ""'],
    [
      { name: '<x>', vectors: 0 },
      'addPlaceholder: "<x>" stands for a whole number of vectors, 1 to 75, got 0',
    ],
  ])('refuses %j', (placeholder, message) => {
    const tokenizer = addPlaceholder(smallTokenizer(), { name: '<mug>', vectors: 2 });
    expect(() => addPlaceholder(tokenizer, placeholder)).toThrow(message);
  });
});

describe('wordPositions', () => {
  const tokenizer = addPlaceholder(smallTokenizer(), { name: '<mug>', vectors: 2 });
  it.each([
    ['the cat', 'cat', [[2]]],
    ['the catch, the Cat', 'the', [[1], [6]]],
    ['the catch, the Cat', 'catch', [[2, 3, 4]]],
    ['the catch, the Cat', 'THE cat', [[6, 7]]],
    [
      'the <mug> and <mug>',
      '<mug>',
      [
        [2, 3],
        [7, 8],
      ],
    ],
    ['catch', 'cat', []],
    ['the cat', 'dog', []],
    ['the cat', ' ', []],
    [`${'cat '.repeat(74)}the the`, 'the', [[75]]],
    [`${'cat '.repeat(73)}catch`, 'catch', []],
  ])('in %j, %j has the positions %j', (prompt, words, positions) => {
    const { ids } = encodePrompt(tokenizer, prompt);
    expect(wordPositions(tokenizer, prompt, words)).toEqual(positions);
    for (const each of positions)
      expect(
        decodePrompt(
          tokenizer,
          each.map((p) => ids[p]!),
        ),
      ).toBe(words.toLowerCase());
  });
});
