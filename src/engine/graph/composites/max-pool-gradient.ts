import { full } from '../../arrays/index.ts';
import { add, cast, constant, equal, multiply, pad, reshape, slice, subtract } from '../operations.ts';
import type { Attributes } from '../primitive.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Gradient of maxPool with respect to its input: each cotangent goes to the first place of its window (row by
 * row) that holds the maximum, as in PyTorch.
 */
export function maxPoolGradient(
  x: Tensor,
  pooled: Tensor,
  cotangent: Tensor,
  attributes: Attributes['maxPool'],
): Tensor {
  const { window, strides, padding } = attributes;
  const [, , height, width] = x.shape as [number, number, number, number];
  const [, , rows, columns] = pooled.shape as [number, number, number, number];
  // Room for all windows: the last ones may end before or after the padded input.
  const bottom = Math.max(padding[2], (rows - 1) * strides[0] + window[0] - height - padding[0]);
  const right = Math.max(padding[3], (columns - 1) * strides[1] + window[1] - width - padding[1]);
  const padded = pad(x, [0, 0, padding[0], padding[1]], [0, 0, bottom, right]);
  const [, , fullHeight, fullWidth] = padded.shape as [number, number, number, number];
  // A window of zeros must not find its maximum in the zeros around the input.
  const surrounded = padding[0] + padding[1] + bottom + right > 0;
  const inside = surrounded
    ? pad(
        constant(full([1, 1, height, width], 1, x.dtype)),
        [0, 0, padding[0], padding[1]],
        [0, 0, bottom, right],
      )
    : undefined; // [1, 1, height, width]
  let free: Tensor | undefined; // 1 where no earlier place of the window took the cotangent
  let total: Tensor | undefined;
  for (let i = 0; i < window[0]; i++) {
    for (let j = 0; j < window[1]; j++) {
      const place = (field: Tensor): Tensor => {
        const [bottom, right] = [(rows - 1) * strides[0] + i + 1, (columns - 1) * strides[1] + j + 1];
        const band = slice(field, { axis: 2, start: i, end: bottom, step: strides[0] });
        return slice(band, { axis: 3, start: j, end: right, step: strides[1] });
      };
      const same = cast(equal(place(padded), pooled), x.dtype);
      const hit = inside === undefined ? same : multiply(same, place(inside));
      const taken = free === undefined ? hit : multiply(hit, free);
      free = free === undefined ? subtract(1, hit) : subtract(free, taken);
      const part = spread(multiply(cotangent, taken), strides, [i, j], [fullHeight, fullWidth]);
      total = total === undefined ? part : add(total, part);
    }
  }
  const inner = slice(total!, { axis: 2, start: padding[0], end: padding[0] + height });
  return slice(inner, { axis: 3, start: padding[1], end: padding[1] + width });
}

/** Puts the elements of [batch, channels, rows, columns] at every stride-th place of a larger field of zeros. */
function spread(
  x: Tensor,
  [down, across]: readonly [number, number],
  [top, left]: readonly [number, number],
  [height, width]: readonly [number, number],
): Tensor {
  const dilated = dilate(dilate(x, 2, down), 3, across);
  const [, , rows, columns] = dilated.shape as [number, number, number, number];
  return pad(dilated, [0, 0, top, left], [0, 0, height - top - rows, width - left - columns]);
}

/** Inserts step − 1 zeros between neighbours along an axis. */
export function dilate(x: Tensor, axis: number, step: number): Tensor {
  if (step === 1 || x.shape[axis]! <= 1) return x;
  const size = x.shape[axis]!;
  const apart = reshape(x, [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)]);
  const none = apart.shape.map(() => 0);
  const filled = pad(apart, none, none.with(axis + 1, step - 1));
  const merged = reshape(filled, x.shape.with(axis, size * step));
  return slice(merged, { axis, end: (size - 1) * step + 1 });
}
