import type { Latents } from './denoiser.ts';

/** √(mean x²), of all elements. */
export const rootMeanSquare = ({ data }: Latents): number =>
  Math.sqrt(data.reduce((sum, value) => sum + value ** 2, 0) / data.length);
