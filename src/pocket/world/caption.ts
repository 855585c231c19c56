import { fold, type RandomKey } from '../../engine/arrays/index.ts';
import { type Chance, chanceFrom } from './chance.ts';
import type { Companion, Scene, Worn } from './scene.ts';
import { accessoryArticle, companionWords, openers, patternWords, placePhrases, tabby } from './words.ts';

/**
 * A caption of a scene: true in every word, with the class always named and all else named sometimes, in one of
 * several phrasings that the key chooses.
 */
export function captionOf(scene: Scene, key: RandomKey): string {
  const chance = chanceFrom(fold(key, 'caption'));
  const subject = `${describeSubject(scene, chance)}${describeCompanion(scene.companion, chance)}`;
  const place = chance.happens(0.8) ? placePhrases[scene.background.kind] : '';
  const opener = chance.pick(openers);
  const placeFirst = opener === '' && place !== '' && chance.happens(0.4);
  return join(placeFirst ? [place, subject] : [opener, subject, place]);
}

/**
 * The short prompt of a scene, class and place: "a photo of a cat on the grass".
 * @param subject what the subject is called, such as `{concept}`; its class by default
 */
export const promptOf = (scene: Scene, subject: string = scene.subject.class): string =>
  `a photo of ${withArticle(subject)} ${placePhrases[scene.background.kind]}`;

function describeSubject({ subject }: Scene, chance: Chance): string {
  const { pose, appearance } = subject;
  const { base, second, pattern, accessory } = appearance;
  const { after } = patternWords[pattern];
  const isTabby = subject.class === tabby.class && pattern === tabby.pattern;
  const before = isTabby && chance.happens(0.5) ? tabby.word : patternWords[pattern].before;
  const form = chance.pick(['none', 'before', 'before', 'after'] as const);
  const marks = form === 'after' && after !== '' ? join([chance.happens(0.7) ? second.name : '', after]) : '';
  const worn = accessory.kind !== 'none' && chance.happens(0.75) ? wornPhrase(accessory, chance) : '';
  const noun = join([
    chance.happens(0.3) ? sizeWord(pose.scale) : '',
    form === 'before' && pattern === 'plain' ? before : '',
    chance.happens(0.65) ? base.name : '',
    form === 'before' && pattern !== 'plain' ? before : '',
    subject.class,
  ]);
  const wearing = marks === '' && chance.happens(0.6);
  const having = worn === '' ? '' : wearing ? `wearing ${worn}` : `${marks === '' ? 'with' : 'and'} ${worn}`;
  return join([
    withArticle(noun),
    marks === '' ? '' : `with ${marks}`,
    having,
    chance.happens(0.4) ? pose.posture : '',
    chance.happens(0.15) ? `facing ${pose.facing}` : '',
    chance.happens(0.4) ? sidePhrase(pose.x) : '',
  ]);
}

function wornPhrase({ kind, colour }: Worn, chance: Chance): string {
  const noun = join([chance.happens(0.7) ? colour.name : '', kind]);
  return accessoryArticle[kind] === 'a' ? withArticle(noun) : noun;
}

function describeCompanion(companion: Companion | null, chance: Chance): string {
  if (companion === null || chance.happens(0.15)) return '';
  const { relation, article } = companionWords[companion.kind];
  const coloured = companion.kind !== 'reeds' && chance.happens(0.4);
  const noun = join([coloured ? companion.colour.name : '', companion.kind]);
  return ` ${relation} ${article === 'a' ? withArticle(noun) : noun}`;
}

const sizeWord = (scale: number): string => (scale < 0.9 ? 'small' : scale > 1.12 ? 'big' : '');

const sidePhrase = (x: number): string => (x < 42 ? 'on the left' : x > 58 ? 'on the right' : '');

/** "a cat", "an elephant". */
export const withArticle = (noun: string): string => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;

const join = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');
