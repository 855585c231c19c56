import type { NdArray } from '../arrays/index.ts';
import { type Evaluation, evaluations } from './evaluations.ts';
import type { Primitive } from './primitive.ts';
import type { Tensor } from './tensor.ts';
import { topologicalOrder } from './topological-order.ts';

/**
 * Computes tensors plainly, in float64 where they are floats: the reference that everything else is tested
 * against, and what folds small constants. Slow by design.
 * @param feeds values of the inputs that the tensors depend on
 */
export function evaluate(
  tensors: readonly Tensor[],
  feeds: ReadonlyMap<Tensor, NdArray> = new Map(),
): NdArray[] {
  const values = new Map<Tensor, NdArray>(feeds);
  for (const tensor of topologicalOrder(tensors, (tensor) => values.has(tensor))) {
    if (!values.has(tensor)) values.set(tensor, evaluateOne(tensor, values));
  }
  return tensors.map((tensor) => values.get(tensor)!);
}

function evaluateOne<P extends Primitive>(tensor: Tensor<P>, values: ReadonlyMap<Tensor, NdArray>): NdArray {
  const evaluation: Evaluation<P> = evaluations[tensor.primitive];
  return evaluation(
    tensor.inputs.map((input) => values.get(input)!),
    tensor,
  );
}
