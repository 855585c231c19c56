import { describe, expect, it } from 'vitest';
import { fold, randomKey } from '../../../src/engine/arrays/index.ts';
import {
  backgroundKinds,
  companionKinds,
  patterns,
  randomConcept,
  randomScene,
  subjectClasses,
} from '../../../src/pocket/world/index.ts';
import { subjectDrawings } from '../../../src/pocket/world/subjects/index.ts';

const scenes = Array.from({ length: 2400 }, (_, index) => randomScene(fold(randomKey(11), index)));

describe('randomScene', () => {
  it('gives the same scene for the same key, as plain data', () => {
    const scene = randomScene(randomKey(3));
    expect(JSON.parse(JSON.stringify(scene))).toEqual(randomScene(randomKey(3)));
  });

  it.each([
    ['classes', subjectClasses, scenes.map(({ subject }) => subject.class)],
    ['backgrounds', backgroundKinds, scenes.map(({ background }) => background.kind)],
    ['sides of the light', ['left', 'right'], scenes.map(({ light }) => light)],
    ['companions', companionKinds, scenes.flatMap(({ companion }) => companion?.kind ?? [])],
    [
      'patterns but plain',
      patterns.slice(1),
      scenes.map(({ subject }) => subject.appearance.pattern).filter((pattern) => pattern !== 'plain'),
    ],
  ] as const)('balances %s', (_, choices, drawn: readonly string[]) => {
    const expected = drawn.length / choices.length;
    for (const choice of choices) {
      const count = drawn.filter((one) => one === choice).length;
      expect(Math.abs(count - expected), choice).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  it('takes every posture of a class', () => {
    for (const subjectClass of subjectClasses) {
      const drawn = scenes
        .filter(({ subject }) => subject.class === subjectClass)
        .map(({ subject }) => subject.pose.posture);
      expect(new Set(drawn)).toEqual(new Set(Object.keys(subjectDrawings[subjectClass].postures)));
    }
  });

  it('keeps to the classes, backgrounds and companions asked for', () => {
    const options = { classes: ['cat'], backgrounds: ['snow', 'sea'], companionShare: 0 } as const;
    for (let i = 0; i < 50; i++) {
      const { subject, background, companion } = randomScene(fold(randomKey(4), i), options);
      expect(subject.class).toBe('cat');
      expect(options.backgrounds).toContain(background.kind);
      expect(companion).toBe(null);
    }
  });
});

describe('randomConcept', () => {
  it('is memorable: patterned, dressed as its class may be, in colours of its own', () => {
    for (let i = 0; i < 200; i++) {
      const concept = randomConcept(fold(randomKey(8), i), 'mine');
      const { base, second, pattern, accessory } = concept.appearance;
      expect(pattern).not.toBe('plain');
      if (accessory.kind === 'none') throw new Error('a concept wears something');
      expect(subjectDrawings[concept.class].accessories).toContain(accessory.kind);
      expect(new Set([base.name, second.name, accessory.colour.name]).size).toBe(3);
    }
  });
});
