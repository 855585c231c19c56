import {
  add,
  mean,
  meanAbsoluteError,
  meanSquaredError,
  multiply,
  reshape,
  type Tensor,
} from '../../engine/index.ts';
import { structuralDissimilarity } from './structural-similarity-loss.ts';

/** How far decoded pictures are from the originals. */
export interface ReconstructionWeights {
  /** Weight of 1 − SSIM beside the mean absolute error of pictures from −1 to 1. */
  readonly structureWeight: number;
  /** Weight of the mean squared error beside it: large errors, such as a wrong colour, come first. */
  readonly squareWeight: number;
  /** Weight of the absolute error of means over 8 × 8 pixels: colours before details. */
  readonly coarseWeight: number;
}

/** Absolute and squared error, and structural similarity in the place of the usual perceptual and adversarial terms. */
export const reconstructionLoss = (
  decoded: Tensor,
  picture: Tensor,
  { structureWeight, squareWeight, coarseWeight }: ReconstructionWeights,
): Tensor =>
  [
    multiply(meanSquaredError(decoded, picture), squareWeight),
    multiply(structuralDissimilarity(decoded, picture), structureWeight),
    multiply(meanAbsoluteError(meansOfSquares(decoded, 8), meansOfSquares(picture, 8)), coarseWeight),
  ].reduce(add, meanAbsoluteError(decoded, picture));

/** Means over squares of side × side values. x: [batch, channels, height, width], height and width multiples of side */
export function meansOfSquares(x: Tensor, side: number): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  return mean(reshape(x, [batch, channels, height / side, side, width / side, side]), { axes: [3, 5] });
}
