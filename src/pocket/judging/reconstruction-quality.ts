import type { Picture } from '../../files/images/index.ts';
import { comparePixels, peakSignalToNoise, structuralSimilarity } from '../../methods/evaluation/index.ts';
import { meanOf } from './judging-event.ts';

/** How like the originals decoded pictures are: means over them. */
export interface ReconstructionQuality {
  readonly count: number;
  /** Decibels. */
  readonly psnr: number;
  readonly ssim: number;
}

export const reconstructionQuality = (
  originals: readonly Picture[],
  decoded: readonly Picture[],
): ReconstructionQuality => ({
  count: originals.length,
  psnr: meanOf(
    originals.map((original, index) => peakSignalToNoise(comparePixels(original, decoded[index]!))),
  ),
  ssim: meanOf(originals.map((original, index) => structuralSimilarity(original, decoded[index]!))),
});
