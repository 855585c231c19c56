import type { Latents } from '../../../src/methods/diffusion/index.ts';

/** The largest absolute difference of two elements. */
export const distance = (a: Latents, b: Latents): number =>
  Math.max(...a.data.map((value, i) => Math.abs(value - b.data[i]!)));
