import { fold, joinArrays, normal, type RandomKey, type Shape } from '../../engine/arrays/index.ts';
import type { Latents } from './denoiser.ts';

/** Standard normal noise [pictures, channels, height, width] for `sample`. */
export interface PictureNoise {
  readonly start: Latents;
  readonly stepNoise: (index: number) => Latents;
}

/**
 * Noise of pictures that are sampled together, each from its own key alone, at the start and at every step: so each is
 * the same picture whatever it is made together with.
 * @param shape [channels, height, width] of the latents of one
 */
export function noiseOfPictures(keys: readonly RandomKey[], shape: Shape): PictureNoise {
  const noise = (keyOf: (key: RandomKey) => RandomKey) =>
    joinArrays(keys.map((key) => normal(keyOf(key), [1, ...shape])));
  return {
    start: noise((key) => fold(key, 'start')),
    stepNoise: (index) => noise((key) => fold(fold(key, 'step'), index)),
  };
}
