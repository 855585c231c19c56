import type { Picture } from '../../files/images/index.ts';
import {
  comparePixels,
  mean,
  peakSignalToNoise,
  structuralSimilarity,
} from '../../methods/evaluation/index.ts';

/** How like the originals decoded pictures are: means over them. */
export interface ReconstructionQuality {
  readonly count: number;
  /** Decibels; infinite if a picture is met exactly. */
  readonly psnr: number;
  /** −1 to 1, 1: alike. */
  readonly ssim: number;
}

export const reconstructionQuality = (
  originals: readonly Picture[],
  decoded: readonly Picture[],
): ReconstructionQuality => ({
  count: originals.length,
  psnr: mean(originals.map((original, index) => peakSignalToNoise(comparePixels(original, decoded[index]!)))),
  ssim: mean(originals.map((original, index) => structuralSimilarity(original, decoded[index]!))),
});
