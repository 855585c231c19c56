import { describe, expect, it } from 'vitest';
import { fold, randomKey } from '../../../src/engine/arrays/index.ts';
import { companionDrawings } from '../../../src/pocket/world/companions/index.ts';
import {
  accessoryKinds,
  captionOf,
  colourNames,
  companionKinds,
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

  it('gives each colour to what has it', () => {
    const colour = `(?:(${colourNames.join('|')}) )?`;
    const marked = [...Object.values(patternWords).map(({ before }) => before), tabby.word].join('|');
    const named = { base: 0, second: 0, worn: 0, beside: 0 };
    for (const { scene, caption } of captioned) {
      const { base, second, pattern, accessory } = scene.subject.appearance;
      const expectOf = (whose: keyof typeof named, phrase: string, own: string | undefined) => {
        const found = caption.match(new RegExp(`${phrase}\\b`))?.[1];
        if (found === undefined) return;
        expect(found, caption).toBe(own);
        named[whose]++;
      };
      expectOf('base', `${colour}(?:(?:${marked}) )?${scene.subject.class}`, base.name);
      expectOf('second', `with ${colour}${patternWords[pattern].after || 'nothing'}`, second.name);
      if (accessory.kind !== 'none') expectOf('worn', `${colour}${accessory.kind}`, accessory.colour.name);
      if (scene.companion !== null) {
        const relation = `(?:next to|behind) (?:an? )?${colour}${scene.companion.kind}`;
        expectOf('beside', relation, scene.companion.colour.name);
      }
    }
    expect(Math.min(...Object.values(named))).toBeGreaterThan(100);
  });

  it.each(companionKinds)(
    'says that a subject is behind %s only where these stand in front of it',
    (kind) => {
      const isInFront = companionDrawings[kind].place === 'front';
      expect(companionWords[kind].relation).toBe(isInFront ? 'behind' : 'next to');
      const told = captioned.filter(
        ({ scene, caption }) => scene.companion?.kind === kind && caption.includes(kind),
      );
      expect(told.length).toBeGreaterThan(20);
      for (const { caption } of told) {
        expect(caption).toMatch(new RegExp(`${companionWords[kind].relation} (an? )?(\\w+ )?${kind}`));
      }
    },
  );

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
  it('differs only in what the subject is called', () => {
    const { scene } = captioned[0]!;
    const named = promptOf(scene, '{concept}').replace('{concept}', scene.subject.class);
    expect(named).toBe(promptOf(scene).replace('an ', 'a '));
    expect(promptOf(scene, 'orange cat')).toContain('a photo of an orange cat ');
  });
});

const isOneOf = (words: readonly string[], word: string): boolean => words.includes(word);

function coloursOf({ subject, companion }: Scene): string[] {
  const { base, second, accessory } = subject.appearance;
  const worn = accessory.kind === 'none' ? [] : [accessory.colour.name];
  const beside = companion === null ? [] : [companion.colour.name];
  return [base.name, second.name, ...worn, ...beside];
}
