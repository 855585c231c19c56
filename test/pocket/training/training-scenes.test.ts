import { describe, expect, test } from 'vitest';
import { randomKey } from '../../../src/engine/index.ts';
import {
  captionAt,
  pictureStore,
  sceneAt,
  scenesByPlace,
  scenesInTurn,
} from '../../../src/pocket/training/index.ts';
import { backgroundKinds, renderScene } from '../../../src/pocket/world/index.ts';

const key = randomKey(1);

describe('the scenes of a step', () => {
  const settings = { batchSize: 4, sceneCount: 10 };
  const scenesOf = scenesInTurn(key, settings);
  const upTo = (steps: number) => Array.from({ length: steps }, (_, step) => scenesOf(step)).flat();

  test('cover each epoch once, each in an order of its own', () => {
    const epochs = [0, 1, 2, 3].map((epoch) => upTo(10).slice(10 * epoch, 10 * epoch + 10));
    for (const epoch of epochs) {
      expect(epoch.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, scene) => scene));
    }
    expect(new Set(epochs.map(String)).size).toBe(epochs.length);
  });

  test('are the same in whichever order steps are asked for', () => {
    const inOrder = upTo(8);
    const backwards = Array.from({ length: 8 }, (_, at) => scenesInTurn(key, settings)(7 - at));
    expect(backwards.toReversed().flat()).toEqual(inOrder);
    const anew = scenesInTurn(key, settings);
    expect([anew(7), anew(0), anew(7)]).toEqual([inOrder.slice(28), inOrder.slice(0, 4), inOrder.slice(28)]);
  });

  test('differ by key', () => {
    expect(scenesInTurn(randomKey(2), settings)(0)).not.toEqual(upTo(1));
  });
});

describe('the scenes of a step by place', () => {
  const settings = { batchSize: 6, sceneCount: 120 };
  const scenesOf = scenesByPlace(key, settings);
  const placesOf = (step: number) =>
    scenesOf(step).map((scene) => sceneAt('training', scene).background.kind);

  test('show one background in three steps of four, each in turn', () => {
    const steps = Array.from({ length: 16 }, (_, step) => step);
    const alone = steps.filter((step) => step % 4 !== 0).map((step) => [...new Set(placesOf(step))]);
    expect(alone).toEqual(backgroundKinds.map((kind) => [kind]));
    expect(steps.filter((step) => step % 4 === 0 && new Set(placesOf(step)).size === 1)).toEqual([]);
  });

  test('cover the training set in the steps between', () => {
    const between = Array.from({ length: 20 }, (_, turn) => scenesOf(4 * turn));
    expect(new Set(between.flat()).size).toBe(settings.sceneCount);
  });
});

describe('the sets', () => {
  test('are different scenes', () => {
    expect(sceneAt('held out', 0)).not.toEqual(sceneAt('training', 0));
  });

  test('tell a scene in several ways, and each way again', () => {
    const tellings = Array.from({ length: 10 }, (_, telling) => captionAt('training', 3, telling));
    expect(new Set(tellings).size).toBeGreaterThan(3);
    expect(captionAt('training', 3, 4)).toBe(tellings[4]);
  });

  test('tell how much of each cell is the subject', async () => {
    const store = pictureStore('training', 32, 'draw again');
    const { mask } = await renderScene(sceneAt('training', 7), 32);
    const whole = mask.reduce((sum, value) => sum + value / 255, 0) / 32 ** 2;
    const [cells, one] = [await store.readMasks([3, 7], 4), await store.readMasks([7], 1)];
    expect([cells.shape, one.shape]).toEqual([
      [2, 16],
      [1, 1],
    ]);
    expect(one.data[0]).toBeCloseTo(whole, 5);
    const ofSecond = [...cells.data.subarray(16)];
    expect(ofSecond.reduce((sum, share) => sum + share, 0) / 16).toBeCloseTo(whole, 5);
    const corner = Array.from(
      { length: 64 },
      (_, at) => mask[32 * Math.floor(at / 8) + 24 + (at % 8)]! / 255,
    );
    expect(ofSecond[3]).toBeCloseTo(corner.reduce((sum, value) => sum + value, 0) / 64, 5);
  });

  test('are drawn the same from memory and anew', async () => {
    const [kept, drawn] = [pictureStore('training', 16, 'keep'), pictureStore('training', 16, 'draw again')];
    const first = await kept.read([2, 5]);
    expect(first.shape).toEqual([2, 3, 16, 16]);
    expect(await kept.read([2, 5])).toEqual(first);
    expect(await drawn.read([2, 5])).toEqual(first);
    expect(first.data.every((value) => value >= -1 && value <= 1)).toBe(true);
  });
});
