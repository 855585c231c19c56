import { reshape, type Tensor, transpose } from '../../engine/index.ts';

/** [batch, tokens, heads · size] → [batch, heads, tokens, size] */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, tokens, channels] = x.shape as [number, number, number];
  return transpose(reshape(x, [batch, tokens, heads, channels / heads]), [0, 2, 1, 3]);
}

/** [batch, heads, tokens, size] → [batch, tokens, heads · size] */
export function joinHeads(x: Tensor): Tensor {
  const [batch, heads, tokens, size] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, tokens, heads * size]);
}
