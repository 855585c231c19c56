import { describe, expect, it } from 'vitest';
import { fold, randomKey } from '../../../src/engine/arrays/index.ts';
import {
  accessoryKinds,
  captionOf,
  colourNames,
  postures,
  promptOf,
  randomScene,
  type Scene,
  subjectClasses,
  vocabulary,
} from '../../../src/pocket/world/index.ts';
import { companionWords, patternWords, placePhrases, tabby } from '../../../src/pocket/world/words.ts';

const captioned = Array.from({ length: 3000 }, (_, index) => {
  const key = fold(randomKey(5), index);
  const scene = randomScene(key);
  return { scene, caption: captionOf(scene, key) };
});

describe('captionOf', () => {
  it('gives the same caption for the same key', () => {
    const { scene } = captioned[0]!;
    expect(captionOf(scene, randomKey(1))).toBe(captionOf(scene, randomKey(1)));
  });

  it('names the class, and no other', () => {
    for (const { scene, caption } of captioned) {
      expect(caption.split(' ').filter((word) => isOneOf(subjectClasses, word))).toEqual([
        scene.subject.class,
      ]);
    }
  });

  it('names only colours that are there', () => {
    for (const { scene, caption } of captioned) {
      for (const word of caption.split(' ')) {
        if (isOneOf(colourNames, word)) expect(coloursOf(scene), caption).toContain(word);
      }
    }
  });

  it("names a place, a pattern, a companion, a posture or an accessory only if it is the scene's", () => {
    for (const { scene, caption } of captioned) {
      const { pattern, accessory } = scene.subject.appearance;
      const own = [
        placePhrases[scene.background.kind],
        ...Object.values(patternWords[pattern]),
        scene.subject.pose.posture,
        accessory.kind,
        scene.companion?.kind ?? '',
      ];
      const claims = [
        ...Object.values(placePhrases),
        ...Object.values(patternWords).flatMap(({ before, after }) => [before, after]),
        ...postures,
        ...accessoryKinds,
        ...Object.keys(companionWords),
      ].filter((claim) => claim !== '' && ` ${caption} `.includes(` ${claim} `));
      for (const claim of claims) expect(own, caption).toContain(claim);
    }
  });

  it('calls only a cat with stripes a tabby', () => {
    const tabbies = captioned.filter(({ caption }) => caption.split(' ').includes(tabby.word));
    expect(tabbies.length).toBeGreaterThan(0);
    for (const { scene, caption } of tabbies) {
      expect([scene.subject.class, scene.subject.appearance.pattern]).toEqual(['cat', 'stripes']);
      expect(caption).toMatch(/\btabby cat\b/);
    }
  });

  it('says left and right, small and big as the pose has it', () => {
    for (const { scene, caption } of captioned) {
      const { x, scale, facing } = scene.subject.pose;
      if (caption.includes('on the left')) expect(x).toBeLessThan(42);
      if (caption.includes('on the right')) expect(x).toBeGreaterThan(58);
      if (caption.includes('facing ')) expect(caption).toContain(`facing ${facing}`);
      if (caption.includes('small')) expect(scale).toBeLessThan(0.9);
      if (caption.includes('big')) expect(scale).toBeGreaterThan(1.12);
    }
  });

  it('uses "an" before vowels only', () => {
    for (const { caption } of captioned) {
      expect(caption).not.toMatch(/\ba [aeiou]/);
      expect(caption).not.toMatch(/\ban [^aeiou]/);
    }
  });

  it('reads as a sentence', () => {
    expect(captioned.slice(0, 12).map(({ caption }) => caption)).toMatchSnapshot();
  });
});

describe('vocabulary', () => {
  it('holds exactly the words that captions use', () => {
    const used = new Set(captioned.flatMap(({ caption }) => caption.split(' ')));
    expect(vocabulary()).toEqual([...used].sort());
  });
});

describe('promptOf', () => {
  it('differs only in the modifier', () => {
    const { scene } = captioned[0]!;
    expect(promptOf(scene, '{concept}').replace('{concept} ', '')).toBe(promptOf(scene).replace('an ', 'a '));
  });
});

const isOneOf = (words: readonly string[], word: string): boolean => words.includes(word);

function coloursOf({ subject, companion }: Scene): string[] {
  const { base, second, accessory } = subject.appearance;
  const worn = accessory.kind === 'none' ? [] : [accessory.colour.name];
  const beside = companion === null ? [] : [companion.colour.name];
  return [base.name, second.name, ...worn, ...beside];
}
