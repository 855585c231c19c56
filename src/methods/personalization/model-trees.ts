import { type LazySource, mapTree, type Tree, type TreeLeaf } from '../../engine/index.ts';
import type { HeldModel } from '../diffusion/index.ts';

/**
 * The networks that a concept changes, with leaves of any kind: tensors while a graph is built, leaves of states,
 * arrays that are read when they are wanted.
 */
export interface ModelTrees<Leaf> {
  readonly unet: Tree<Leaf>;
  readonly textEncoder: Tree<Leaf>;
}

/** What is learned. A branch is there if a method learns something in it. */
export type Learned<Leaf> = {
  readonly [branch in LearnedBranch]?: Tree<Leaf>;
};

/** `tokens` is a list: the vectors [count, size] of each word, in the order of the concept's words. */
export type LearnedBranch = 'unet' | 'textEncoder' | 'tokens';

/** A held model's networks, to be read when they are wanted. */
export const networkSources = ({
  unet,
  textEncoder,
}: Pick<HeldModel, 'unet' | 'textEncoder'>): ModelTrees<LazySource> => ({
  unet: unet.parameters.sources() as Tree<LazySource>,
  textEncoder: textEncoder.parameters.sources() as Tree<LazySource>,
});

/** The tree with other leaves at some paths. */
export const withLeaves = <Leaf extends TreeLeaf>(
  tree: Tree<Leaf>,
  leaves: ReadonlyMap<string, Leaf>,
): Tree<Leaf> =>
  mapTree<Tree<Leaf>, Leaf, Leaf>(tree, (leaf, path) => leaves.get(path) ?? leaf) as Tree<Leaf>;
