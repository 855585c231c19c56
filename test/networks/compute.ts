import {
  evaluate,
  flatten,
  input,
  mapTree,
  type NdArray,
  sizeOf,
  type Tensor,
  type TensorSpec,
  type Tree,
} from '../../src/engine/index.ts';

/** Evaluates a function of arrays plainly, without a session. */
export function compute(
  build: (inputs: Tree<Tensor>) => readonly Tensor[],
  arrays: Tree<NdArray>,
): NdArray[] {
  const feeds = new Map<Tensor, NdArray>();
  const inputs = mapTree<Tree<NdArray>, NdArray, Tensor>(arrays, (array, path) => {
    const tensor = input(path, array);
    feeds.set(tensor, array);
    return tensor;
  });
  return evaluate(build(inputs as Tree<Tensor>), feeds);
}

export const sizeOfTree = (specs: Tree<TensorSpec>): number =>
  flatten<TensorSpec>(specs).reduce((total, [, { shape }]) => total + sizeOf(shape), 0);
