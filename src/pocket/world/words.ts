import { colourNames } from './colours.ts';
import {
  type AccessoryKind,
  type BackgroundKind,
  type CompanionKind,
  type Pattern,
  postures,
  subjectClasses,
} from './scene.ts';

/** One phrase for each place. */
export const placePhrases: { readonly [K in BackgroundKind]: string } = {
  meadow: 'on the grass',
  beach: 'on the beach',
  snow: 'in the snow',
  city: 'in the city at night',
  wall: 'in front of a brick wall',
  'living-room': 'in the living room',
  kitchen: 'in the kitchen',
  forest: 'in the forest',
  desert: 'in the desert',
  sea: 'under the sea',
  moon: 'on the moon',
  garden: 'in the garden',
};

/** A pattern before the class ("a striped cat") and after it ("a cat with red stripes"). */
export const patternWords: { readonly [P in Pattern]: { readonly before: string; readonly after: string } } =
  {
    plain: { before: 'plain', after: '' },
    stripes: { before: 'striped', after: 'stripes' },
    spots: { before: 'spotted', after: 'spots' },
    patches: { before: 'patchy', after: 'patches' },
    stars: { before: 'starry', after: 'stars' },
    checks: { before: 'checkered', after: 'checks' },
  };

/** What a cat with stripes is called as well. */
export const tabby = { word: 'tabby', class: 'cat', pattern: 'stripes' } as const;

/** Accessories that are one thing take an article. */
export const accessoryArticle: { readonly [K in AccessoryKind]: 'a' | '' } = {
  scarf: 'a',
  collar: 'a',
  hat: 'a',
  crown: 'a',
  bow: 'a',
  glasses: '',
};

/** Where the subject is, seen from the second object, and whether the object is one thing. */
export const companionWords: {
  readonly [K in CompanionKind]: { readonly relation: 'next to' | 'behind'; readonly article: 'a' | '' };
} = {
  mirror: { relation: 'next to', article: 'a' },
  ball: { relation: 'next to', article: 'a' },
  lamp: { relation: 'next to', article: 'a' },
  plant: { relation: 'next to', article: 'a' },
  box: { relation: 'next to', article: 'a' },
  chair: { relation: 'next to', article: 'a' },
  reeds: { relation: 'behind', article: '' },
  flowers: { relation: 'behind', article: '' },
  fence: { relation: 'behind', article: 'a' },
  balloon: { relation: 'next to', article: 'a' },
};

export const openers = ['a photo of', 'a picture of', ''] as const;

const glue = ['a', 'an', 'and', 'with', 'wearing', 'small', 'big', 'facing', 'left', 'right', 'on the'];

/** Every word that a caption of this world can hold, sorted. */
export function vocabulary(): string[] {
  const phrases = [
    ...subjectClasses,
    ...colourNames,
    ...Object.values(placePhrases),
    ...Object.values(patternWords).flatMap(({ before, after }) => [before, after]),
    tabby.word,
    ...Object.keys(accessoryArticle),
    ...Object.entries(companionWords).flatMap(([kind, { relation }]) => [kind, relation]),
    ...postures,
    ...openers,
    ...glue,
  ];
  return [...new Set(phrases.flatMap((phrase) => phrase.split(' ')))].filter((word) => word !== '').sort();
}
