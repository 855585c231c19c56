import { formatShape, ndArray, sameShape } from '../../engine/arrays/index.ts';
import type { Latents } from './denoiser.ts';

/**
 * Σ weight · array, accumulated in float64 and rounded to float32 once. Every sampler's update has this form.
 * @throws if the shapes differ: nothing is broadcast.
 */
export function weightedSum(...terms: readonly (readonly [weight: number, array: Latents])[]): Latents {
  const shape = terms[0]![1].shape;
  for (const [, array] of terms) {
    if (sameShape(array.shape, shape)) continue;
    throw new Error(
      `weightedSum: expected one shape, got ${formatShape(shape)} and ${formatShape(array.shape)}`,
    );
  }
  const sum = new Float64Array(terms[0]![1].data.length);
  for (const [weight, { data }] of terms) {
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * data[i]!;
  }
  return ndArray('float32', shape, Float32Array.from(sum));
}
