import { describe, expect, test } from 'vitest';
import { encodePrompt, promptPieces } from '../../../src/networks/clip/index.ts';
import { pocketMerges, pocketNetworks } from '../../../src/pocket/training/index.ts';
import { learnMerges } from '../../../src/pocket/training/learn-merges.ts';
import { vocabulary } from '../../../src/pocket/world/index.ts';

describe('learned merges', () => {
  test('join the most frequent pair first, of equals the one that sorts first', () => {
    expect(learnMerges(['aab', 'aac'])).toEqual(['a a', 'aa b</w>', 'aa c</w>']);
  });

  test('of no words, or of single letters, are none', () => {
    expect(learnMerges([])).toEqual([]);
    expect(learnMerges(['a', 'b'])).toEqual([]);
  });

  test('hold no pair twice', () => {
    expect(new Set(pocketMerges).size).toBe(pocketMerges.length);
  });
});

describe('the tokenizer of the pocket model', () => {
  const { tokenizer, textEncoder } = pocketNetworks();

  test.each(vocabulary())('reads %s as one token', (word) => {
    const [piece, ...rest] = promptPieces(tokenizer, word);
    expect(rest).toEqual([]);
    expect(piece?.ids).toHaveLength(1);
    expect(tokenizer.tokens.get(piece!.ids[0]!)).toBe(`${word}</w>`);
  });

  test('reads what the world has no word for by its bytes', () => {
    const [piece] = promptPieces(tokenizer, 'zeppelin');
    expect(piece!.ids.length).toBeGreaterThan(1);
  });

  test('has an id for every row of the embedding table, and pads with the end', () => {
    expect(tokenizer.vocabulary.size).toBe(textEncoder.vocabularySize);
    expect(Math.max(...tokenizer.tokens.keys())).toBe(textEncoder.vocabularySize - 1);
    const { ids } = encodePrompt(tokenizer, 'a cat');
    expect(ids).toHaveLength(77);
    expect(ids.slice(3).every((id) => id === textEncoder.vocabularySize - 1)).toBe(true);
  });
});
