import { sizeOf, type Tensor, topologicalOrder } from '../src/engine/index.ts';

/** Multiplications and additions of the products and convolutions behind these tensors. */
export function countOperations(outputs: readonly Tensor[]): number {
  return topologicalOrder(outputs).reduce((total, tensor) => total + operationsOf(tensor), 0);
}

function operationsOf(tensor: Tensor): number {
  const [first, second] = tensor.inputs;
  if (tensor.primitive === 'matmul') {
    const { transposeA } = (tensor as Tensor<'matmul'>).attributes;
    return 2 * sizeOf(tensor.shape) * first!.shape.at(transposeA ? -2 : -1)!;
  }
  const perPosition = second === undefined ? 0 : 2 * sizeOf(second.shape.slice(1));
  if (tensor.primitive === 'convolution') return sizeOf(tensor.shape) * perPosition;
  if (tensor.primitive === 'transposedConvolution') return sizeOf(first!.shape) * perPosition;
  return 0;
}
