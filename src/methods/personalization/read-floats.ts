import {
  castArray,
  flatten,
  type LazySource,
  mapTree,
  type NdArray,
  readSource,
  type Source,
  type Tree,
  unflatten,
} from '../../engine/index.ts';

/** Reads a tree of arrays, one after the other, as float32. */
export async function readFloats(tree: Tree<Source>): Promise<Tree<NdArray>> {
  const entries: [string, NdArray][] = [];
  for (const [path, source] of flatten<Source>(tree)) {
    entries.push([path, castArray(await readSource(source), 'float32')]);
  }
  return unflatten(entries);
}

/** A tree of arrays that are float32 once read: what can be trained. */
export const floatSources = (tree: Tree<LazySource>): Tree<LazySource> =>
  mapTree<Tree<LazySource>, LazySource, LazySource>(tree, (source) => ({
    dtype: 'float32',
    shape: source.shape,
    read: async () => castArray(await source.read(), 'float32'),
  })) as Tree<LazySource>;
