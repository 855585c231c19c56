import { fold, type NdArray, ndArray, permutation, type RandomKey, randomKey } from '../../engine/index.ts';
import { arrayFromPictures, makePicture, type Picture } from '../../files/images/index.ts';
import {
  backgroundKinds,
  captionOf,
  drawLayers,
  randomScene,
  renderScene,
  type Scene,
} from '../world/index.ts';

/** Scenes of the world, numbered. Training and judging never meet: they draw from different keys. */
export type SceneSet = 'training' | 'held out';

const worldSeed = 2410_11208;

/**
 * Scene number `index` of a set: the same at every call. Training sees second objects more often than judging: each
 * kind beside each class is rare, and hard to draw.
 */
export const sceneAt = (set: SceneSet, index: number): Scene =>
  randomScene(fold(fold(randomKey(worldSeed), set), index), {
    companionShare: { training: 0.65, 'held out': 0.4 }[set],
  });

/** That scene as it is drawn, in words of SVG: it tells one world from another. */
export const drawingOf = (set: SceneSet, index: number): string =>
  JSON.stringify(drawLayers(sceneAt(set, index)));

/** A caption of that scene; `telling` chooses among its phrasings. */
export const captionAt = (set: SceneSet, index: number, telling: number): string =>
  captionOf(sceneAt(set, index), fold(fold(fold(randomKey(worldSeed), set), index), telling));

/** How a training goes through scenes. */
export interface SceneOrder {
  readonly batchSize: number;
  /** Of the training set, the first that many. */
  readonly sceneCount: number;
}

/**
 * The scenes of each step: epochs, each in an order of its own. The same key gives the same scenes to the same step.
 * @param key of the training
 */
export function scenesInTurn(
  key: RandomKey,
  { batchSize, sceneCount }: SceneOrder,
): (step: number) => number[] {
  const orderKey = fold(key, 'scenes');
  let current: { readonly epoch: number; readonly order: readonly number[] } | undefined;
  const orderOf = (epoch: number) => {
    if (current?.epoch !== epoch) current = { epoch, order: permutation(fold(orderKey, epoch), sceneCount) };
    return current.order;
  };
  return (step) =>
    Array.from({ length: batchSize }, (_, item) => {
      const at = step * batchSize + item;
      return orderOf(Math.floor(at / sceneCount))[at % sceneCount]!;
    });
}

/**
 * The same, but three steps of four show one background only, each in turn: a batch in which the place tells
 * nothing leaves the subject to be told apart.
 */
export function scenesByPlace(
  key: RandomKey,
  { batchSize, sceneCount }: SceneOrder,
): (step: number) => number[] {
  const places = Array.from({ length: sceneCount }, (_, scene) => sceneAt('training', scene).background.kind);
  const groups = backgroundKinds
    .map((kind) => ({ kind, scenes: places.flatMap((place, scene) => (place === kind ? [scene] : [])) }))
    .filter(({ scenes }) => scenes.length > 0)
    .map(({ kind, scenes }) => {
      const order = scenesInTurn(fold(key, kind), { batchSize, sceneCount: scenes.length });
      return (visit: number) => order(visit).map((at) => scenes[at]!);
    });
  const anywhere = scenesInTurn(key, { batchSize, sceneCount });
  return (step) => {
    if (step % 4 === 0) return anywhere(step / 4);
    const turn = step - Math.floor(step / 4) - 1;
    return groups[turn % groups.length]!(Math.floor(turn / groups.length));
  };
}

/** Drawn pictures of a set. */
export interface PictureStore {
  /** The pictures of these scenes, float32 [scenes, 3, size, size] from −1 to 1. */
  readonly read: (scenes: readonly number[]) => Promise<NdArray<'float32'>>;
  /** How much of each cell of a grid is the subject, 0 to 1: float32 [scenes, grid · grid], row by row. */
  readonly readMasks: (scenes: readonly number[], grid: number) => Promise<NdArray<'float32'>>;
}

/** @param memory whether a picture that was drawn stays in memory, for the next epoch, or only until it has been read */
export function pictureStore(set: SceneSet, size: number, memory: 'keep' | 'draw again'): PictureStore {
  const drawn = new Map<number, Promise<Drawn>>();
  const draw = (scene: number): Promise<Drawn> => {
    const known = drawn.get(scene);
    if (known !== undefined) return known;
    const picture = renderScene(sceneAt(set, scene), size).then(({ pixels, mask }) => ({
      picture: makePicture(size, size, pixels),
      mask,
    }));
    drawn.set(scene, picture);
    const forget = () => drawn.delete(scene);
    if (memory === 'draw again') picture.then(forget, forget);
    return picture;
  };
  return {
    read: async (scenes) =>
      arrayFromPictures((await Promise.all(scenes.map(draw))).map(({ picture }) => picture)),
    readMasks: async (scenes, grid) => {
      const shares = (await Promise.all(scenes.map(draw))).map(({ mask }) => cellShares(mask, size, grid));
      const data = Float32Array.from(shares.flatMap((share) => [...share]));
      return ndArray('float32', [scenes.length, grid * grid], data);
    },
  };
}

interface Drawn {
  readonly picture: Picture;
  /** [size, size], 0 to 255 */
  readonly mask: Uint8Array;
}

/** The mean of each cell, 0 to 1. */
function cellShares(mask: Uint8Array, size: number, grid: number): Float32Array {
  const shares = new Float32Array(grid * grid);
  const cell = size / grid;
  for (const [at, value] of mask.entries()) {
    const [row, column] = [Math.floor(at / size), at % size];
    const index = Math.floor(row / cell) * grid + Math.floor(column / cell);
    shares[index] = shares[index]! + value / 255 / cell ** 2;
  }
  return shares;
}
