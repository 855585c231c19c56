import { type NdArray, ndArray, type RandomKey } from '../../engine/arrays/index.ts';
import { type Latents, weightedSum } from '../diffusion/index.ts';
import type { ExampleSource } from '../personalization/index.ts';
import { type LossRegion, regionPlane } from './loss-region.ts';

/** Mode shifting regularization. */
export interface ModeShiftingSettings {
  /** μ: what its loss is multiplied by beside EDSD's, above 0. docs/method.md tells what was tried. */
  readonly weight: number;
  /** Guided images a step. */
  readonly batchSize: number;
  /** Where the loss counts. */
  readonly region: LossRegion;
}

export interface GuidedExamples {
  /** x^k, scaled latents [1, channels, height, width] each. */
  readonly images: readonly Latents[];
  /** y */
  readonly prompt: string;
  /** M, [height, width] from 0 to 1. */
  readonly mask?: NdArray<'float32'>;
  /** Of the latents. */
  readonly scalingFactor: number;
  readonly key: RandomKey;
}

/**
 * Mode shifting regularization (DreamSteerer, arXiv 2410.11208): the plain diffusion loss on images which carry the
 * concept's appearance on the source's structure,
 *
 *     L_MSR = E_k,t,ε ‖ ε_θ(x^k_t; y, t) − ε ‖²
 *
 * which moves the model out of the mode that EDSD alone is trapped in. So it is personalization's own loss
 * (`drawBatch`), with guided images in place of references, and like it in what the model was trained to predict: for
 * a velocity, ‖v_θ − v‖² = ‖ε_θ − ε‖² / ᾱ_t, so that μ weighs noisy times more than with a model that predicts ε.
 */
export const modeShiftingSource = (
  { weight, batchSize, region }: ModeShiftingSettings,
  { images, prompt, mask, scalingFactor, key }: GuidedExamples,
): ExampleSource => ({
  examples: images.map((image) => [
    {
      mean: weightedSum([1 / scalingFactor, image]),
      logVariance: certain(image),
      valid: regionPlane(region, mask, image.shape.slice(2)),
      prompts: [prompt],
    },
  ]),
  count: batchSize,
  weight,
  key,
});

/** These latents are what they are, not a distribution: a variance of 0. */
const certain = ({ shape, data }: Latents): Latents =>
  ndArray('float32', shape, new Float32Array(data.length).fill(Number.NEGATIVE_INFINITY));
