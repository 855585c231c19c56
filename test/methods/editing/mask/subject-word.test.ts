import { describe, expect, it } from 'vitest';
import { findSubjectWord, subjectFromWords } from '../../../../src/methods/editing/mask/subject-word.ts';
import { addPlaceholder, encodePrompt } from '../../../../src/networks/clip/index.ts';
import { benchmarkSet } from '../../../../src/pocket/world/index.ts';
import { smallTokenizer } from '../../../networks/clip/tokenizer/small-tokenizer.ts';

const tokenizer = smallTokenizer();
const withConcept = addPlaceholder(tokenizer, { name: '<biscuit>', vectors: 2 });

const find = (source: string, target: string) =>
  findSubjectWord({ source, sourceTokenizer: tokenizer, target, targetTokenizer: withConcept });

describe('the subject of two prompts', () => {
  it.each([
    ['a photo of a cat on the grass', 'a photo of a <biscuit> cat on the grass', 'cat'],
    ['a photo of a cat on the grass', 'a photo of <biscuit> on the grass', 'cat'],
    ['a photo of a cat on the grass', 'a photo of a <biscuit> on the grass', 'cat'],
    ['a photo of a dog on the grass', 'a photo of a <biscuit> cat on the grass', 'dog'],
    ['a photo of a fluffy cat', 'a photo of a <biscuit> fluffy cat', 'cat'],
    ['a photo of a red teddy bear, studio', 'a photo of a <biscuit> teddy bear, studio', 'bear'],
    ['a red cat on a mat', 'a <biscuit> cat on a mat', 'cat'],
    ['a cat sitting on a mat', 'a <biscuit> cat sitting on a mat', 'cat'],
    ['a wedding ring', 'a <biscuit> wedding ring', 'ring'],
    ['a dog next to a cat', 'a dog next to a <biscuit> cat', 'cat'],
    ['a dog next to a cat', 'a <biscuit> dog next to a cat', 'dog'],
    ['a photo of a cat in the rain', 'a drawing of a <biscuit> cat in the snow', 'cat'],
    ['A Cat.', 'A <biscuit> cat.', 'cat'],
    ['a cat', 'a sks cat', 'cat'],
    ['my cat on grass', 'my sks dog on grass', 'cat'],
    ['cat', '<biscuit>', 'cat'],
  ])('%j, %j → %s', (source, target, word) => {
    expect(find(source, target).word).toBe(word);
  });

  it.each(benchmarkSet().sources.map((source) => [source.scene.subject.class, source] as const))(
    'of a prompt of the drawn world is its class: %s',
    (subjectClass, { sourcePrompt, targetPrompt }) => {
      expect(find(sourcePrompt, targetPrompt.replace('{concept}', '<biscuit>')).word).toBe(subjectClass);
      expect(find(sourcePrompt, targetPrompt.replace('{concept}', 'sks')).word).toBe(subjectClass);
    },
  );

  it('stands at its tokens', () => {
    const source = 'the the robot on a mat';
    const { word, positions } = find(source, 'the the <biscuit> robot on a mat');
    expect(word).toBe('robot');
    const { ids } = encodePrompt(tokenizer, source);
    const alone = encodePrompt(tokenizer, 'robot').ids;
    expect(positions.map((position) => ids[position])).toEqual(alone.slice(1, 1 + positions.length));
    expect(positions[0]).toBe(3);
    expect(alone[1 + positions.length]).toBe(tokenizer.special.end);
  });

  it.each([
    ['a cat', 'a cat', 'the prompts do not differ ("a cat"), so the subject is unknown; name it'],
    ['', '', 'the prompts do not differ'],
    [
      'a cat',
      'a cat, <biscuit>',
      'found no subject in "a cat" where "a cat, <biscuit>" differs from it; name it',
    ],
    ['a the on', '<biscuit>', 'found no subject'],
    [`${'on '.repeat(40)}cat`, `${'on '.repeat(40)}<biscuit>`, 'found no subject'],
  ])('refuses %j, %j with a sentence', (source, target, message) => {
    expect(() => find(source, target)).toThrow(message);
  });

  it('can be named', () => {
    expect(subjectFromWords(tokenizer, 'the cat and the cat', 'cat').positions).toHaveLength(2);
    expect(subjectFromWords(tokenizer, 'the cat and the cat', 'the cat').positions).toEqual([1, 2, 6, 7]);
    expect(() => subjectFromWords(tokenizer, 'the cats', 'cat')).toThrow(
      '"cat" does not stand in the source prompt "the cats"; name words of it',
    );
  });
});
