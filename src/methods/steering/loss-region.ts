import type { NdArray, Shape } from '../../engine/arrays/index.ts';
import { checkMask } from '../editing/index.ts';

/** Where a loss counts: all of the picture, or the subject's mask. */
export type LossRegion = 'everywhere' | 'subject';

/**
 * The weight of each element of latents of a shape [1, channels, height, width].
 * @param form `share`: the mask itself, 1 where there is none; `mean`: divided by its sum, so that a sum is a mean
 */
export function regionWeights(
  region: LossRegion,
  mask: NdArray<'float32'> | undefined,
  [, channels = 0, ...size]: Shape,
  form: 'share' | 'mean',
): Float32Array {
  const plane = regionPlane(region, mask, size);
  const total = form === 'share' ? 1 : channels * plane.reduce((sum, each) => sum + each, 0);
  return Float32Array.from({ length: channels * plane.length }, (_, i) => plane[i % plane.length]! / total);
}

/** The weight of each place, [height · width], from 0 to 1. @throws a sentence if a mask is needed and does not fit */
export function regionPlane(
  region: LossRegion,
  mask: NdArray<'float32'> | undefined,
  size: Shape,
): Float32Array {
  const places = size.reduce((product, side) => product * side, 1);
  if (region === 'everywhere') return new Float32Array(places).fill(1);
  if (mask === undefined) {
    throw new Error(
      'steer: a loss, an edit or guided images of the subject alone need a mask; give one, or take steeringEverywhere(settings)',
    );
  }
  checkMask('steer', mask, { whole: 'latents', size });
  if (mask.data.some((share) => share > 0)) return mask.data;
  throw new Error('steer: the mask is 0 everywhere, so there is no subject; give another');
}
