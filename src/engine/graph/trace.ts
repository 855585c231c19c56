import { type Entry, flatten, type MapTree, mapTree, type Tree } from '../arrays/index.ts';
import { simplify } from './simplify.ts';
import { Tensor, type TensorSpec } from './tensor.ts';

/** A traced function: named inputs and outputs, in the order of the trees' leaves. */
export interface Graph {
  readonly inputs: readonly Entry<Tensor<'input'>>[];
  readonly outputs: readonly Entry<Tensor>[];
}

/** What a traced function receives for a tree of specs. */
export type TensorsOf<Specs> = MapTree<Specs, TensorSpec, Tensor>;

/** An input of a graph. Names are the dotted paths of the trees they come from. */
export const input = (name: string, { dtype, shape }: TensorSpec): Tensor<'input'> =>
  new Tensor('input', [], { name }, dtype, [...shape], '', undefined);

/**
 * Runs a function on symbolic tensors and keeps what it built, simplified. Inputs that nothing depends on stay
 * in the graph's list, so that a caller can feed them.
 */
export function trace<Specs extends Tree<TensorSpec>>(
  build: (inputs: TensorsOf<Specs>) => Tree<Tensor>,
  specs: Specs,
): Graph {
  const inputs: Entry<Tensor<'input'>>[] = [];
  const tensors = mapTree<Specs, TensorSpec, Tensor>(specs, (spec, path) => {
    const tensor = input(path, spec);
    inputs.push([path, tensor]);
    return tensor;
  });
  const outputs = flatten<Tensor>(build(tensors as TensorsOf<Specs>));
  for (const [path, output] of outputs) {
    if (!(output instanceof Tensor)) throw new Error(`trace: the output "${path}" is not a tensor`);
  }
  const simplified = simplify(outputs.map(([, tensor]) => tensor));
  return { inputs, outputs: outputs.map(([path], index) => [path, simplified[index]!]) };
}
