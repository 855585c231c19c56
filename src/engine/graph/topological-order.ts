import type { Tensor } from './tensor.ts';

/**
 * Everything the outputs depend on, each tensor after its inputs; first outputs and first inputs come first.
 * @param isSource tensors whose inputs are not followed. Default: none.
 */
export function topologicalOrder(
  outputs: readonly Tensor[],
  isSource: (tensor: Tensor) => boolean = () => false,
): Tensor[] {
  const order: Tensor[] = [];
  const visited = new Set<Tensor>();
  // An explicit stack: graphs are deeper than the call stack. `next` is the input to look at next.
  const stack: { readonly tensor: Tensor; next: number }[] = [];
  const enter = (tensor: Tensor) => {
    if (visited.has(tensor)) return;
    visited.add(tensor);
    stack.push({ tensor, next: isSource(tensor) ? tensor.inputs.length : 0 });
  };
  for (const output of outputs) {
    enter(output);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const input = top.tensor.inputs[top.next++];
      if (input !== undefined) enter(input);
      else order.push(stack.pop()!.tensor);
    }
  }
  return order;
}
