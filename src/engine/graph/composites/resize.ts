import { ndArray, type Shape } from '../../arrays/index.ts';
import { broadcast, cast, constant, matmul, reshape } from '../operations.ts';
import type { Tensor } from '../tensor.ts';

/** Repeats every pixel `factor` times in both directions. x: [batch, channels, height, width] */
export function upsampleNearest(x: Tensor, factor: number): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const spread = reshape(x, [batch * channels, height, 1, width, 1]);
  const repeated = broadcast(spread, [batch * channels, height, factor, width, factor]);
  return reshape(repeated, [batch, channels, height * factor, width * factor]);
}

/** Nearest neighbours to any size, as PyTorch's `nearest`: source index = ⌊target index · source / target⌋. */
export const resizeNearest = (x: Tensor, size: readonly [height: number, width: number]): Tensor =>
  resizeBy(x, size, (source, target) =>
    weights(source, target, (index) => [[Math.min(source - 1, Math.floor((index * source) / target)), 1]]),
  );

/**
 * Bilinear interpolation to any size, as PyTorch's `bilinear` with align_corners=False and without antialiasing:
 * pixel centres lie at half-integers, edges repeat.
 */
export const resizeBilinear = (x: Tensor, size: readonly [height: number, width: number]): Tensor =>
  resizeBy(x, size, (source, target) =>
    weights(source, target, (index) => {
      const position = Math.max(0, ((index + 0.5) * source) / target - 0.5);
      const low = Math.min(source - 1, Math.floor(position));
      const high = Math.min(source - 1, low + 1);
      return low === high
        ? [[low, 1]]
        : [
            [low, 1 - (position - low)],
            [high, position - low],
          ];
    }),
  );

/** Both directions are linear maps, so resizing is two matrix products: R x Cᵀ. */
function resizeBy(
  x: Tensor,
  [height, width]: readonly [number, number],
  matrix: (source: number, target: number) => Float32Array,
): Tensor {
  const [batch, channels, sourceHeight, sourceWidth] = x.shape as [number, number, number, number];
  const interpolation = (shape: Shape, data: Float32Array) =>
    cast(constant(ndArray('float32', shape, data)), x.dtype);
  const columns = interpolation([width, sourceWidth], matrix(sourceWidth, width));
  const rows = interpolation([height, sourceHeight], matrix(sourceHeight, height));
  const flat = reshape(x, [batch * channels, sourceHeight, sourceWidth]);
  const resized = matmul(rows, matmul(flat, columns, { transposeB: true }));
  return reshape(resized, [batch, channels, height, width]);
}

/** The matrix [target, source] whose rows weigh the source pixels. */
function weights(
  source: number,
  target: number,
  taps: (index: number) => readonly (readonly [position: number, weight: number])[],
): Float32Array {
  const matrix = new Float32Array(target * source);
  for (let index = 0; index < target; index++) {
    for (const [position, weight] of taps(index)) matrix[index * source + position]! += weight;
  }
  return matrix;
}
