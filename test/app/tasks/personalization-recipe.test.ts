import { describe, expect, test } from 'vitest';
import { personalizeParameters } from '../../../src/app/tasks/personalize/parameters.ts';
import { recipeOf } from '../../../src/app/tasks/personalize/personalization-recipe.ts';

const asked = (own: object) =>
  personalizeParameters.parse({ pictures: ['cat.png'], class: 'cat', output: 'concept', ...own });

describe('a recipe of personalization', () => {
  const none = { kind: 'none' };
  const preserve = (pictures: number) => ({ kind: 'preserve', pictures });
  test.each([
    ['dreambooth', 'pocket', {}, 0, none],
    ['dreambooth', 'pocket', {}, 12, preserve(12)],
    ['dreambooth', 'pocket', { priorPictures: 20 }, 12, preserve(20)],
    ['dreambooth', 'SD 1.x', {}, 12, preserve(200)],
    ['custom-diffusion', 'SD 1.x', { priorPictures: 0 }, 0, none],
    ['lora', 'SD 1.x', {}, 3, preserve(3)],
    ['textual-inversion', 'SD 1.x', { priorPictures: 0 }, 0, none],
  ] as const)(
    'preserves the class, by %s on %s, as %j and %i pictures of it say',
    (method, preset, own, given, prior) => {
      expect(recipeOf(asked({ method, ...own }), preset, given).training.prior).toMatchObject(prior);
    },
  );

  test.each([
    ['textual-inversion', { priorPictures: 5 }, 0, /textual-inversion learns nothing of it but a word/],
    ['textual-inversion', {}, 5, /textual-inversion learns nothing of it but a word/],
    ['dreambooth', { priorPictures: 0 }, 5, /^classPictures: none would be looked at \(--prior-pictures 0\)/],
    [
      'dreambooth',
      { vectors: 2 },
      0,
      /^vectors: is of a word that is learned, and "sks" is one of the vocabulary/,
    ],
    ['lora', { initializer: 'tabby', token: 'ktn' }, 0, /^initializer: .* "ktn" is one/],
  ] as const)(
    'refuses what would be of no use: %s with %j and %i pictures of the class',
    (method, own, given, message) => {
      expect(() => recipeOf(asked({ method, ...own }), 'SD 1.x', given)).toThrow(message);
    },
  );

  test('takes vectors and an initializer for a word that is learned', () => {
    const own = { method: 'dreambooth', token: '<biscuit>', vectors: 2, initializer: 'tabby' };
    expect(recipeOf(asked(own), 'SD 1.x').concept.tokens).toEqual([
      { word: '<biscuit>', vectors: 2, initializer: 'tabby' },
    ]);
  });
});
