import { fold, type NdArray, ndArray, permutation, type RandomKey, randomKey } from '../../engine/index.ts';
import { captionOf, randomScene, renderScene, type Scene } from '../world/index.ts';

/** Scenes of the world, numbered. Training and judging never meet: they draw from different keys. */
export type SceneSet = 'training' | 'held out';

const worldSeed = 2410_11208;

/** Scene number `index` of a set: the same at every call. */
export const sceneAt = (set: SceneSet, index: number): Scene =>
  randomScene(fold(fold(randomKey(worldSeed), set), index));

/** A caption of that scene; `telling` chooses among its phrasings. */
export const captionAt = (set: SceneSet, index: number, telling: number): string =>
  captionOf(sceneAt(set, index), fold(fold(fold(randomKey(worldSeed), set), index), telling));

/**
 * The scenes of a step: epochs over the first `sceneCount` of the training set, each in an order of its own. Depends
 * on its arguments alone.
 */
export function scenesOfStep(
  key: RandomKey,
  {
    step,
    batchSize,
    sceneCount,
  }: { readonly step: number; readonly batchSize: number; readonly sceneCount: number },
): number[] {
  return Array.from({ length: batchSize }, (_, item) => {
    const at = step * batchSize + item;
    return orderOfEpoch(key, Math.floor(at / sceneCount), sceneCount)[at % sceneCount]!;
  });
}

/** The epoch that was asked for last, so that a permutation is not made for every scene. */
let lastOrder: { readonly name: string; readonly order: readonly number[] } | undefined;

function orderOfEpoch(key: RandomKey, epoch: number, sceneCount: number): readonly number[] {
  const name = JSON.stringify([key, epoch, sceneCount]);
  if (lastOrder?.name !== name) lastOrder = { name, order: permutation(fold(key, epoch), sceneCount) };
  return lastOrder.order;
}

/** Drawn pictures of a set. */
export interface PictureStore {
  /** The pictures of these scenes, float32 [scenes, 3, size, size] from −1 to 1. */
  readonly read: (scenes: readonly number[]) => Promise<NdArray<'float32'>>;
}

/** @param memory whether a picture that was drawn stays in memory, for the next epoch */
export function pictureStore(set: SceneSet, size: number, memory: 'keep' | 'draw again'): PictureStore {
  const drawn = new Map<number, Promise<Uint8Array>>();
  const draw = (scene: number): Promise<Uint8Array> => {
    const known = drawn.get(scene);
    if (known !== undefined) return known;
    const pixels = renderScene(sceneAt(set, scene), size).then((picture) => picture.pixels);
    if (memory === 'keep') drawn.set(scene, pixels);
    return pixels;
  };
  return {
    read: async (scenes) => stackPixels(await Promise.all(scenes.map(draw)), size),
  };
}

/** RGB bytes [size, size, 3] each → float32 [pictures, 3, size, size] from −1 to 1. */
function stackPixels(pictures: readonly Uint8Array[], size: number): NdArray<'float32'> {
  const area = size * size;
  const data = new Float32Array(pictures.length * 3 * area);
  for (const [index, pixels] of pictures.entries()) {
    const offset = index * 3 * area;
    for (let i = 0; i < area; i++) {
      for (let channel = 0; channel < 3; channel++) {
        data[offset + channel * area + i] = pixels[3 * i + channel]! / 127.5 - 1;
      }
    }
  }
  return ndArray('float32', [pictures.length, 3, size, size], data);
}
