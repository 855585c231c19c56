import { add, concatenate, crop, matmul, pad, reshape, slice, transpose } from '../operations.ts';
import type { ConvolutionAttributes } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';

/** The patch matrix is built in parts of at most this many elements (16 MiB in float32, which fits a cache). */
const largestPatchMatrix = 2 ** 22;

/**
 * Gradient of a convolution with respect to its kernel: the cotangent times the patches of the input, as one
 * matrix product a group. ONNX Runtime has no kernel for it; the alternatives tried are in docs/performance.md.
 *
 * x: [batch, channels, height, width]; cotangent: [batch, out channels, rows, columns];
 * result: [out channels, channels / groups, kernel height, kernel width].
 */
export function convolutionWeightGradient(
  x: Tensor,
  cotangent: Tensor,
  kernel: readonly [height: number, width: number],
  attributes: ConvolutionAttributes,
): Tensor {
  const [batch, channels] = x.shape as [number, number, number, number];
  const [, outChannels, rows, columns] = cotangent.shape as [number, number, number, number];
  const { padding, groups } = attributes;
  const planes = channelsFirst(pad(x, [0, 0, padding[0], padding[1]], [0, 0, padding[2], padding[3]]));
  const perRow = channels * kernel[0] * kernel[1] * batch * columns;
  const rowsAtOnce = Math.min(rows, Math.max(1, Math.floor(largestPatchMatrix / perRow)));
  let total: Tensor | undefined;
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const end = Math.min(rows, first + rowsAtOnce);
    const positions = batch * (end - first) * columns;
    const patches = patchMatrix(planes, kernel, attributes, [first, end], columns);
    const part = matmul(
      reshape(channelsFirst(slice(cotangent, { axis: 2, start: first, end })), [
        groups,
        outChannels / groups,
        positions,
      ]),
      reshape(patches, [groups, (channels / groups) * kernel[0] * kernel[1], positions]),
      { transposeB: true },
    ); // [groups, out channels / groups, channels / groups · kernel size]
    total = total === undefined ? part : add(total, part);
  }
  return reshape(total!, [outChannels, channels / groups, ...kernel]);
}

/**
 * What each kernel element sees, for the rows first … end − 1: [channels, kernel size, batch · rows · columns].
 * planes: [channels, batch, height, width]
 */
function patchMatrix(
  planes: Tensor,
  [height, width]: readonly [number, number],
  { strides, dilations }: ConvolutionAttributes,
  [first, end]: readonly [number, number],
  columns: number,
): Tensor {
  const [channels, batch] = planes.shape as [number, number, number, number];
  const taps: Tensor[] = [];
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const top = first * strides[0] + i * dilations[0];
      const left = j * dilations[1];
      const tap = crop(planes, {
        starts: [0, 0, top, left],
        ends: [
          channels,
          batch,
          top + (end - 1 - first) * strides[0] + 1,
          left + (columns - 1) * strides[1] + 1,
        ],
        steps: [1, 1, ...strides],
      });
      taps.push(reshape(tap, [channels, 1, batch * (end - first) * columns]));
    }
  }
  return concatenate(taps, 1);
}

/** [batch, channels, …] → [channels, batch, …] */
const channelsFirst = (x: Tensor): Tensor =>
  x.shape[0] === 1 ? reshape(x, [x.shape[1]!, 1, ...x.shape.slice(2)]) : transpose(x, [1, 0, 2, 3]);
