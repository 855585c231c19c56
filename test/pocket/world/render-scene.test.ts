import { describe, expect, it } from 'vitest';
import { fold, randomKey } from '../../../src/engine/arrays/index.ts';
import {
  backgroundKinds,
  companionKinds,
  patterns,
  randomConcept,
  randomScene,
  renderScene,
  type Scene,
  subjectClasses,
  withAppearance,
} from '../../../src/pocket/world/index.ts';
import { subjectDrawings } from '../../../src/pocket/world/subjects/index.ts';

const size = 64;
const key = randomKey(99);
const sceneOf = (index: number, options = {}) => randomScene(fold(key, index), options);
const byClass = subjectClasses.map((subjectClass, index) => sceneOf(index, { classes: [subjectClass] }));

describe('renderScene', () => {
  it('draws the same scene bit for bit, also from its JSON', async () => {
    const scene = sceneOf(1);
    const again = JSON.parse(JSON.stringify(sceneOf(1))) as Scene;
    expect(await renderScene(again, size)).toEqual(await renderScene(scene, size));
  });

  it('gives RGB pixels and a mask of the size asked for', async () => {
    const { pixels, mask } = await renderScene(sceneOf(2), 48);
    expect([pixels.length, mask.length]).toEqual([48 * 48 * 3, 48 * 48]);
  });

  it.each(subjectClasses)(
    'draws a %s in every posture with a sane mask, whole in the picture',
    async (subjectClass) => {
      for (const [index, posture] of Object.keys(subjectDrawings[subjectClass].postures).entries()) {
        const scene = sceneOf(100 + index, { classes: [subjectClass], companionShare: 0 });
        const posed = {
          ...scene,
          subject: { ...scene.subject, pose: { ...scene.subject.pose, posture } },
        } as Scene;
        const { mask } = await renderScene(posed, size);
        const area = mask.reduce((sum, value) => sum + value, 0) / 255 / mask.length;
        expect(area).toBeGreaterThan(0.06);
        expect(area).toBeLessThan(0.55);
        expect(borderOf(mask)).toBe(0);
      }
    },
  );

  it.each(backgroundKinds)('draws every class in front of the background %s', async (background) => {
    for (const subjectClass of subjectClasses) {
      const scene = sceneOf(7, { classes: [subjectClass], backgrounds: [background] });
      const { pixels, mask } = await renderScene(scene, 32);
      expect(new Set(pixels).size).toBeGreaterThan(40);
      expect(Math.max(...mask)).toBe(255);
    }
  });

  it.each(byClass)(
    'changes only pixels under the mask with the colours of a $subject.class',
    async (scene) => {
      const { appearance } = scene.subject;
      const recoloured = withAppearance(scene, {
        ...appearance,
        base: { name: appearance.base.name === 'green' ? 'red' : 'green', tone: 0 },
        second: { name: appearance.second.name === 'yellow' ? 'blue' : 'yellow', tone: 0 },
      });
      const [before, after] = [await renderScene(scene, size), await renderScene(recoloured, size)];
      expect(after.mask).toEqual(before.mask);
      expect(differences(before.pixels, after.pixels).every((at) => before.mask[at]! > 0)).toBe(true);
      expect(differences(before.pixels, after.pixels).length).toBeGreaterThan(50);
    },
  );

  it.each(byClass)('has the mask of a $subject.class on its pixels alone', async (scene) => {
    const away = { ...scene.subject, pose: { ...scene.subject.pose, x: -500 } };
    const [there, gone] = [
      await renderScene(scene, size),
      await renderScene({ ...scene, subject: away }, size),
    ];
    expect(Math.max(...gone.mask)).toBe(0);
    const changed = new Set(differences(there.pixels, gone.pixels));
    const inside = Array.from(there.mask.keys()).filter((at) => there.mask[at]! >= 128);
    expect(inside.filter((at) => !changed.has(at)).length).toBeLessThan(0.01 * inside.length);
  });

  it('takes what stands in front of the subject off the mask', async () => {
    const hidden = withFence(sceneOf(200, { companionShare: 0 }));
    const open = await renderScene({ ...hidden, companion: null }, size);
    const behind = await renderScene(hidden, size);
    const lost = open.mask.filter((value, at) => value > 250 && behind.mask[at] === 0).length;
    expect(lost).toBeGreaterThan(20);
    expect(behind.mask.every((value, at) => value <= open.mask[at]!)).toBe(true);
  });

  it.each(companionKinds)('draws the companion %s', async (kind) => {
    const scene = sceneOf(3, { companionShare: 0 });
    const companion = { kind, x: 50, y: 92, scale: 1, colour: { name: 'red', tone: 0 }, seed: 5 } as const;
    const [without, together] = [
      await renderScene(scene, 32),
      await renderScene({ ...scene, companion }, 32),
    ];
    expect(differences(without.pixels, together.pixels).length).toBeGreaterThan(10);
  });

  it.each(patterns.filter((pattern) => pattern !== 'plain'))(
    'shows the pattern %s on every class',
    async (pattern) => {
      for (const scene of byClass) {
        const look = {
          ...scene.subject.appearance,
          base: { name: 'white', tone: 0 },
          second: { name: 'blue', tone: 0 },
        } as const;
        const plain = await renderScene(withAppearance(scene, { ...look, pattern: 'plain' }), 32);
        const marked = await renderScene(withAppearance(scene, { ...look, pattern }), 32);
        expect(Math.max(...marked.mask.map((value, at) => Math.abs(value - plain.mask[at]!)))).toBeLessThan(
          40,
        );
        expect(differences(plain.pixels, marked.pixels).length).toBeGreaterThan(4);
      }
    },
  );

  it.each(subjectClasses)(
    'shows every accessory that a %s may wear, in every posture',
    async (subjectClass) => {
      const { postures, accessories: wearable } = subjectDrawings[subjectClass];
      for (const posture of Object.keys(postures)) {
        const { subject, ...rest } = sceneOf(4, { classes: [subjectClass], companionShare: 0 });
        const scene = { ...rest, subject: { ...subject, pose: { ...subject.pose, posture } } } as Scene;
        const bare = await renderScene(
          withAppearance(scene, { ...subject.appearance, accessory: { kind: 'none' } }),
          size,
        );
        for (const kind of wearable) {
          const accessory = { kind, colour: { name: 'purple', tone: 0 } } as const;
          const dressed = await renderScene(
            withAppearance(scene, { ...subject.appearance, accessory }),
            size,
          );
          expect(differences(bare.pixels, dressed.pixels).length, `${posture} ${kind}`).toBeGreaterThan(4);
          expect(borderOf(dressed.mask), `${posture} ${kind} within the picture`).toBe(0);
        }
      }
    },
  );
});

describe('withAppearance', () => {
  it.each(byClass)('leaves everything outside both masks of a $subject.class as it is', async (scene) => {
    for (let i = 0; i < 3; i++) {
      const concept = randomConcept(fold(key, i), 'mine', [scene.subject.class]);
      const [source, oracle] = [
        await renderScene(scene, size),
        await renderScene(withAppearance(scene, concept), size),
      ];
      const outside = differences(source.pixels, oracle.pixels).filter(
        (at) => source.mask[at] === 0 && oracle.mask[at] === 0,
      );
      expect(outside).toEqual([]);
    }
  });

  it('turns a sitting cat into a sitting dog', () => {
    const scene = sceneOf(0, { classes: ['cat'] });
    const sitting = {
      ...scene,
      subject: { ...scene.subject, pose: { ...scene.subject.pose, posture: 'sitting' } },
    } as const;
    expect(withAppearance(sitting, randomConcept(key, 'rex', ['dog'])).subject).toMatchObject({
      class: 'dog',
    });
  });

  it('names both classes when the concept cannot take the posture', () => {
    const scene = sceneOf(0, { classes: ['car'] });
    expect(() => withAppearance(scene, randomConcept(key, 'rex', ['dog']))).toThrow(
      'withAppearance: the car of the scene is driving, which a dog ("rex") cannot be; choose a scene of the concept\'s own class',
    );
  });
});

/** Indices of the pixels in which two pictures differ. */
const differences = (a: Uint8Array, b: Uint8Array): number[] =>
  Array.from({ length: a.length / 3 }, (_, at) => at).filter((at) =>
    [0, 1, 2].some((channel) => a[3 * at + channel] !== b[3 * at + channel]),
  );

/** The largest value of the mask on the picture's border. */
const borderOf = (mask: Uint8Array): number =>
  Math.max(
    ...Array.from({ length: size }, (_, i) =>
      Math.max(mask[i]!, mask[(size - 1) * size + i]!, mask[i * size]!, mask[i * size + size - 1]!),
    ),
  );

const withFence = (scene: Scene): Scene => {
  const { x, y } = scene.subject.pose;
  return {
    ...scene,
    companion: { kind: 'fence', x, y: y + 3, scale: 1, colour: { name: 'white', tone: 0 }, seed: 1 },
  };
};
