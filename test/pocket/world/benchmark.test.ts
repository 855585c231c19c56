import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { benchmarkSet, drawLayers, oneShotSet } from '../../../src/pocket/world/index.ts';

const [full, oneShot] = [benchmarkSet(), oneShotSet()];

describe('the benchmark', () => {
  it('pairs each concept with every source of its class', () => {
    const expected = full.concepts.flatMap(({ concept }) =>
      full.sources.filter(({ scene }) => scene.subject.class === concept.class),
    );
    expect(full.pairs.length).toBe(expected.length);
  });

  it('has 16 concepts with 4 or 5 references, and 70 sources', () => {
    expect(full.concepts.length).toBe(16);
    expect(new Set(full.concepts.map(({ references }) => references.length))).toEqual(new Set([4, 5]));
    expect(full.sources.length).toBe(70);
  });

  it('has concepts that differ in base colour and pattern within a class', () => {
    const looks = full.concepts.map(({ concept }) => concept);
    expect(new Set(looks.map((look) => `${look.class} ${look.appearance.base.name}`)).size).toBe(16);
    expect(new Set(looks.map((look) => `${look.class} ${look.appearance.pattern}`)).size).toBe(16);
  });

  it('shares no concept and no source with a variation of it', () => {
    const other = benchmarkSet(1);
    const looks = full.concepts.map(({ concept }) => JSON.stringify(concept.appearance));
    const scenes = full.sources.map(({ scene }) => JSON.stringify(scene));
    expect(other.concepts.length).toBe(16);
    for (const { concept } of other.concepts) expect(looks).not.toContain(JSON.stringify(concept.appearance));
    for (const { scene } of other.sources) expect(scenes).not.toContain(JSON.stringify(scene));
  });

  it('is the same every time, as plain data', () => {
    expect(JSON.parse(JSON.stringify(full))).toEqual(benchmarkSet());
  });

  // What was measured on them is no more comparable where one of these changes.
  it('is the same in every version, as are its drawings and the one-shot set', () => {
    const drawn = full.sources.slice(0, 24).map(({ scene }) => drawLayers(scene));
    const digests = [full, oneShot, drawn].map((data) =>
      createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 12),
    );
    expect(digests).toMatchInlineSnapshot(`
      [
        "28e2efd00542",
        "652d51372d6c",
        "05f5f22346cd",
      ]
    `);
  });
});

describe('the one-shot set', () => {
  it('has 20 cats and dogs as sources and one reference a concept', () => {
    expect(oneShot.sources.map(({ scene }) => scene.subject.class).sort()).toEqual([
      ...Array<string>(10).fill('cat'),
      ...Array<string>(10).fill('dog'),
    ]);
    expect(oneShot.concepts.map(({ references }) => references.length)).toEqual(Array<number>(10).fill(1));
  });

  it('edits each source into one concept of its class, and two sources into each', () => {
    expect(new Set(oneShot.pairs.map(({ source }) => source)).size).toBe(20);
    expect(oneShot.pairs.length).toBe(20);
    const counts = oneShot.concepts.map(
      ({ concept }) => oneShot.pairs.filter((pair) => pair.concept === concept.name).length,
    );
    expect(counts).toEqual(Array<number>(10).fill(2));
  });

  it('shares no concept with the benchmark', () => {
    const known = full.concepts.map(({ concept }) => JSON.stringify(concept.appearance));
    for (const { concept } of oneShot.concepts)
      expect(known).not.toContain(JSON.stringify(concept.appearance));
  });
});

describe.each([
  ['benchmark', full],
  ['one-shot set', oneShot],
])('every edit of the %s', (_, { concepts, sources, pairs }) => {
  const edits = pairs.map((pair) => ({
    ...pair,
    target: concepts.find(({ concept }) => concept.name === pair.concept)!,
    from: sources.find(({ name }) => name === pair.source)!,
  }));

  it('is of one class', () => {
    expect(edits.every(({ target, from }) => target.concept.class === from.scene.subject.class)).toBe(true);
  });

  it("has the source's scene with the concept's appearance as its oracle", () => {
    for (const { oracle, target, from } of edits) {
      const { appearance } = target.concept;
      expect(oracle).toEqual({ ...from.scene, subject: { ...from.scene.subject, appearance } });
    }
  });

  it('learns from backgrounds that the source does not have', () => {
    for (const { target, from } of edits) {
      const learned = target.references.map(({ background }) => background.kind);
      expect(learned).not.toContain(from.scene.background.kind);
    }
  });

  it('has prompts that differ in the concept only', () => {
    for (const { sourcePrompt, targetPrompt, scene } of sources) {
      expect(targetPrompt).toContain('a {concept} ');
      const named = targetPrompt.replace('{concept}', scene.subject.class);
      expect(named.replace('a elephant', 'an elephant')).toBe(sourcePrompt);
    }
  });

  it('shows a concept in one posture, facing one way', () => {
    for (const { references } of concepts) {
      expect(
        new Set(references.map(({ subject }) => `${subject.pose.posture} ${subject.pose.facing}`)).size,
      ).toBe(1);
    }
  });
});
