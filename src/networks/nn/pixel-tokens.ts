import { reshape, type Tensor, transpose } from '../../engine/index.ts';

/** Pixels as a row of tokens, row by row: [batch, channels, height, width] → [batch, height · width, channels] */
export function toTokens(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return transpose(reshape(x, [batch, channels, height * width]), [0, 2, 1]);
}

/** The inverse: [batch, height · width, channels] → [batch, channels, height, width] */
export function toPixels(x: Tensor, [height, width]: readonly [height: number, width: number]): Tensor {
  const [batch, , channels] = x.shape as [number, number, number];
  return reshape(transpose(x, [0, 2, 1]), [batch, channels, height, width]);
}
