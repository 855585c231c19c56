import { describe, expect, it } from 'vitest';
import { createSubjectInk } from '../../../src/pocket/world/drawing/ink.ts';
import {
  type Appearance,
  type Pose,
  type Posture,
  patterns,
  subjectClasses,
} from '../../../src/pocket/world/index.ts';
import { type Coat, patternOn } from '../../../src/pocket/world/patterns/index.ts';
import { subjectDrawings } from '../../../src/pocket/world/subjects/index.ts';

const marked = patterns.filter((pattern) => pattern !== 'plain');
const appearance: Appearance = {
  base: { name: 'orange', tone: 0 },
  second: { name: 'white', tone: 0 },
  pattern: 'stripes',
  patternSeed: 7,
  accessory: { kind: 'none' },
  build: 0.5,
  trait: -0.5,
};

/** The coats of a subject, by name. */
function coatsOf(subjectClass: (typeof subjectClasses)[number], posture: Posture, joint: number) {
  const pose: Pose = {
    x: 50,
    y: 80,
    scale: 1,
    facing: 'right',
    tilt: 0,
    posture,
    limbs: joint,
    head: joint,
    tail: joint,
    bodyLength: joint,
    headSize: joint,
  };
  const coats: Coat[] = [];
  const ink = createSubjectInk(appearance, 'left', () => 'clip');
  subjectDrawings[subjectClass].postures[posture]!(pose, {
    ...ink,
    coat: (path, coat, form) => {
      coats.push(coat);
      return ink.coat(path, coat, form);
    },
  });
  return coats;
}

/** The path of the marks alone, without where the coat lies. */
const marksOn = (coat: Coat, pattern: (typeof patterns)[number]) =>
  /<path d="([^"]+)"/.exec(patternOn(coat, pattern, 7, '#ffffff'))?.[1];

describe('the marks of a pattern', () => {
  it.each(subjectClasses)('are the same on the same part of a %s in every pose', (subjectClass) => {
    const postures = Object.keys(subjectDrawings[subjectClass].postures) as Posture[];
    const known = new Map<string, Coat>();
    let compared = 0;
    for (const posture of postures) {
      for (const joint of [-1, 0, 1]) {
        for (const coat of coatsOf(subjectClass, posture, joint)) {
          const first = known.get(coat.key);
          known.set(coat.key, first ?? coat);
          if (first === undefined) continue;
          for (const pattern of marked) expect(marksOn(coat, pattern)).toBe(marksOn(first, pattern));
          compared++;
        }
      }
    }
    expect(known.has(trunks[subjectClass])).toBe(true);
    expect(compared).toBeGreaterThanOrEqual(3 * postures.length - 1); // of the trunk alone
  });

  it.each(subjectClasses)('have a name for each part of a %s', (subjectClass) => {
    for (const posture of Object.keys(subjectDrawings[subjectClass].postures) as Posture[]) {
      const keys = coatsOf(subjectClass, posture, 0).map((coat) => coat.key);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it('are stretched with the part', () => {
    const coat: Coat = { key: 'trunk', x: 3, y: -4, length: 10, girth: 5, turn: 30 };
    const plain = patternOn(coat, 'spots', 7, '#ffffff');
    const long = patternOn({ ...coat, stretch: [1.5, 0.5] }, 'spots', 7, '#ffffff');
    expect(long).toBe(plain.replace('rotate(30)', 'rotate(30) scale(1.5 0.5)'));
  });
});

/** The largest patterned part of each class: in every posture. */
const trunks: { readonly [C in (typeof subjectClasses)[number]]: string } = {
  cat: 'trunk',
  dog: 'trunk',
  rabbit: 'trunk',
  tortoise: 'shell',
  bird: 'trunk',
  fish: 'trunk',
  elephant: 'trunk',
  teapot: 'pot',
  car: 'body',
  robot: 'torso',
  backpack: 'sack',
  mug: 'wall',
};
