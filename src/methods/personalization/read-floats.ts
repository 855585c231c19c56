import {
  castArray,
  flatten,
  type LazySource,
  type NdArray,
  type Tree,
  unflatten,
} from '../../engine/index.ts';

/** Reads a tree of arrays, one after the other, as float32: what can be trained. */
export async function readFloats(tree: Tree<LazySource>): Promise<Tree<NdArray>> {
  const entries: [string, NdArray][] = [];
  for (const [path, source] of flatten<LazySource>(tree)) {
    entries.push([path, castArray(await source.read(), 'float32')]);
  }
  return unflatten(entries);
}
