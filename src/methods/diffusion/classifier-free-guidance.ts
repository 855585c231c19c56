import { ndArray } from '../../engine/arrays/index.ts';
import type { Latents } from './denoiser.ts';
import { weightedSum } from './weighted-sum.ts';

export interface GuidanceOptions {
  /** w: 1 is the conditional prediction, 0 the unconditional one; 7.5 is usual for Stable Diffusion. */
  readonly guidanceScale: number;
  /** φ in 0 … 1: how far each item's standard deviation is pulled back to the conditional one's. Default 0. */
  readonly guidanceRescale?: number;
}

/**
 * ε(∅) + w·(ε(y) − ε(∅)) (Ho, Salimans 2022), in whichever prediction type the model has. With φ > 0 the result
 * g becomes φ·g·std(ε(y))/std(g) + (1 − φ)·g, which keeps strong guidance from overexposing
 * (Lin et al. 2023, equations 15 and 16; the paper takes φ = 0.7). Standard deviations are per batch item.
 * @throws if w is not finite or φ lies outside 0 … 1.
 */
export function classifierFreeGuidance(
  conditional: Latents,
  unconditional: Latents,
  options: GuidanceOptions,
): Latents {
  const { guidanceScale: w, guidanceRescale: φ = 0 } = options;
  requireGuidance(options);
  const guided = weightedSum([1 - w, unconditional], [w, conditional]);
  if (φ === 0) return guided;
  const items = guided.shape[0] ?? 1;
  const itemSize = guided.data.length / items;
  const rescaled = Float32Array.from(guided.data);
  for (let start = 0; start < rescaled.length; start += itemSize) {
    const item = rescaled.subarray(start, start + itemSize);
    const deviation = standardDeviation(item);
    // A constant prediction has no deviation to match.
    const ratio =
      deviation === 0 ? 1 : standardDeviation(conditional.data.subarray(start, start + itemSize)) / deviation;
    for (let i = 0; i < itemSize; i++) item[i]! *= φ * ratio + 1 - φ;
  }
  return ndArray('float32', guided.shape, rescaled);
}

function requireGuidance({ guidanceScale, guidanceRescale = 0 }: GuidanceOptions): void {
  if (!Number.isFinite(guidanceScale)) {
    throw new Error(`classifierFreeGuidance: the guidance scale is a finite number, got ${guidanceScale}`);
  }
  if (!(guidanceRescale >= 0 && guidanceRescale <= 1)) {
    throw new Error(
      `classifierFreeGuidance: the guidance rescale lies between 0 and 1, got ${guidanceRescale}`,
    );
  }
}

function standardDeviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
