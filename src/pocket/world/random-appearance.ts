import { fold, type RandomKey } from '../../engine/arrays/index.ts';
import { type Chance, chanceFrom } from './chance.ts';
import { type Colour, type ColourName, colourNames, colourValues, lightness } from './colours.ts';
import {
  type Appearance,
  type Concept,
  type Pattern,
  patterns,
  type SubjectClass,
  subjectClasses,
} from './scene.ts';
import { subjectDrawings } from './subjects/index.ts';

/** An ordinary appearance: any colours, plain in most cases, so that shapes stand out, an accessory in a quarter of all. */
export function randomAppearance(key: RandomKey, subjectClass: SubjectClass): Appearance {
  const chance = chanceFrom(key);
  const pattern = chance.happens(0.6) ? 'plain' : chance.pick(marked);
  const accessory = chance.happens(0.25) ? randomWorn(chance, subjectClass, []) : ({ kind: 'none' } as const);
  return { ...randomCoat(chance, pattern), accessory };
}

/** A concept with a memorable appearance: a pattern of a colour in clear contrast, always an accessory, a shape of its own. */
export function randomConcept(
  key: RandomKey,
  name: string,
  classes = subjectClasses as readonly SubjectClass[],
): Concept {
  const chance = chanceFrom(fold(key, 'concept'));
  const subjectClass = chance.pick(classes);
  const coat = randomCoat(chance, chance.pick(marked));
  const strong = () => (chance.happens(0.5) ? 1 : -1) * chance.between(0.5, 1);
  const accessory = randomWorn(chance, subjectClass, [coat.base.name, coat.second.name]);
  return { name, class: subjectClass, appearance: { ...coat, build: strong(), trait: strong(), accessory } };
}

export function randomColour(chance: Chance, except: readonly ColourName[] = []): Colour {
  return {
    name: chance.pick(colourNames.filter((name) => !except.includes(name))),
    tone: Math.round(chance.between(-1, 1) * 100) / 100 + 0, // never −0, which JSON does not keep
  };
}

const marked = patterns.filter((pattern) => pattern !== 'plain');

function randomCoat(chance: Chance, pattern: Pattern): Omit<Appearance, 'accessory'> {
  const base = randomColour(chance);
  const alike = colourNames.filter((name) => !contrast(name, base.name));
  return {
    base,
    second: randomColour(chance, alike),
    pattern,
    patternSeed: chance.seed(),
    build: chance.between(-0.6, 0.6),
    trait: chance.between(-0.6, 0.6),
  };
}

function randomWorn(chance: Chance, subjectClass: SubjectClass, except: readonly ColourName[]) {
  return {
    kind: chance.pick(subjectDrawings[subjectClass].accessories),
    colour: randomColour(chance, except),
  };
}

/** Whether marks of one colour are seen on the other. */
const contrast = (a: ColourName, b: ColourName): boolean =>
  Math.abs(lightness(colourValues[a]) - lightness(colourValues[b])) > 0.17;
