import { fold, type NdArray, ndArray, permutation, type RandomKey, randomKey } from '../../engine/index.ts';
import { arrayFromPictures, makePicture, type Picture } from '../../files/images/index.ts';
import {
  type BackgroundKind,
  backgroundKinds,
  captionOf,
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

/** A caption of that scene; `telling` chooses among its phrasings. */
export const captionAt = (set: SceneSet, index: number, telling: number): string =>
  captionOf(sceneAt(set, index), fold(fold(fold(randomKey(worldSeed), set), index), telling));

/**
 * The scenes of a step: epochs over the first `sceneCount` of the training set, each in an order of its own. Depends
 * on its arguments alone.
 * @param key of the training
 */
export function scenesOfStep(
  key: RandomKey,
  {
    step,
    batchSize,
    sceneCount,
  }: { readonly step: number; readonly batchSize: number; readonly sceneCount: number },
): number[] {
  const orderKey = fold(key, 'scenes');
  return Array.from({ length: batchSize }, (_, item) => {
    const at = step * batchSize + item;
    return orderOfEpoch(orderKey, Math.floor(at / sceneCount), sceneCount)[at % sceneCount]!;
  });
}

/** The epoch that was asked for last, so that a permutation is not made for every scene. */
let lastOrder: { readonly name: string; readonly order: readonly number[] } | undefined;

function orderOfEpoch(key: RandomKey, epoch: number, sceneCount: number): readonly number[] {
  const name = JSON.stringify([key, epoch, sceneCount]);
  if (lastOrder?.name !== name) lastOrder = { name, order: permutation(fold(key, epoch), sceneCount) };
  return lastOrder.order;
}

/**
 * The same, but three steps of four show one background only, each in turn: a batch in which the place tells
 * nothing leaves the subject to be told apart.
 */
export function scenesOfStepByPlace(
  key: RandomKey,
  {
    step,
    batchSize,
    sceneCount,
  }: { readonly step: number; readonly batchSize: number; readonly sceneCount: number },
): number[] {
  if (step % 4 === 0) return scenesOfStep(key, { step: step / 4, batchSize, sceneCount });
  const turn = step - Math.floor(step / 4) - 1;
  const groups = scenesByPlace(sceneCount);
  const [place, scenes] = groups[turn % groups.length]!;
  const visit = Math.floor(turn / groups.length);
  const drawn = scenesOfStep(fold(key, place), { step: visit, batchSize, sceneCount: scenes.length });
  return drawn.map((at) => scenes[at]!);
}

type ScenesByPlace = readonly (readonly [place: BackgroundKind, scenes: readonly number[]])[];

let lastGrouping: { readonly sceneCount: number; readonly groups: ScenesByPlace } | undefined;

/** The first training scenes by their background; a background that none has is left out. */
function scenesByPlace(sceneCount: number): ScenesByPlace {
  if (lastGrouping?.sceneCount !== sceneCount) {
    const places = Array.from(
      { length: sceneCount },
      (_, scene) => sceneAt('training', scene).background.kind,
    );
    const groups = backgroundKinds.map(
      (kind) => [kind, places.flatMap((place, scene) => (place === kind ? [scene] : []))] as const,
    );
    lastGrouping = { sceneCount, groups: groups.filter(([, scenes]) => scenes.length > 0) };
  }
  return lastGrouping.groups;
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
