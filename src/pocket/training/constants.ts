import { constant, mapTree, type NdArray, type Tensor, type Tree } from '../../engine/index.ts';

/** Frozen parameters inside a graph. */
export const constants = (parameters: Tree<NdArray>): Tree<Tensor> =>
  mapTree<Tree<NdArray>, NdArray, Tensor>(parameters, constant) as Tree<Tensor>;
