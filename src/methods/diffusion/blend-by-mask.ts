import { ndArray } from '../../engine/arrays/index.ts';
import type { Latents } from './denoiser.ts';

/**
 * M ⊙ inside + (1 − M) ⊙ outside, for every item and channel; where M is 0 or 1, the one or the other bit for bit.
 * @param mask M, [height · width] from 0 to 1
 */
export function blendByMask(mask: Float32Array, inside: Latents, outside: Latents): Latents {
  const data = inside.data.map((value, i) => {
    const share = mask[i % mask.length]!;
    if (share === 0) return outside.data[i]!;
    return share === 1 ? value : share * value + (1 - share) * outside.data[i]!;
  });
  return ndArray('float32', inside.shape, data);
}
