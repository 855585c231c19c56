import { add, meanAbsoluteError, multiply, type Tensor } from '../../engine/index.ts';
import { structuralDissimilarity } from './structural-similarity-loss.ts';

/** How far decoded pictures are from the originals. */
export interface ReconstructionRecipe {
  /** Weight of 1 − SSIM beside the mean absolute error of pictures from −1 to 1. */
  readonly structureWeight: number;
}

/** Absolute error, and structural similarity in the place of the usual perceptual and adversarial terms. */
export const reconstructionLoss = (
  decoded: Tensor,
  picture: Tensor,
  { structureWeight }: ReconstructionRecipe,
): Tensor =>
  add(
    meanAbsoluteError(decoded, picture),
    multiply(structuralDissimilarity(decoded, picture), structureWeight),
  );
