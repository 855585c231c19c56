import { add, matmul, multiply, split } from '../operations.ts';
import type { Tensor } from '../tensor.ts';
import { gelu } from './activations.ts';

/** x Wᵀ + b. x: [..., in]; weight: [out, in], as PyTorch keeps it; bias: [out]. */
export const linear = (
  x: Tensor,
  { weight, bias }: { readonly weight: Tensor; readonly bias?: Tensor },
): Tensor => {
  const product = matmul(x, weight, { transposeB: true });
  return bias === undefined ? product : add(product, bias);
};

/** Gated linear unit: the first half of the last axis times the gelu of the second (Shazeer 2020, arXiv 2002.05202). */
export const geglu = (x: Tensor): Tensor => {
  const [value, gate] = split(x, 2, -1) as [Tensor, Tensor];
  return multiply(value, gelu(gate));
};
