/**
 * The squared distance of each cell to the nearest cell that belongs, 0 in those, ∞ if there is none (Felzenszwalb,
 * Huttenlocher 2012, Theory of Computing 8: the lower envelope of parabolas, along rows and then columns; linear time).
 * @param size of the plane, whose cells are numbered row by row
 */
export function squaredDistances(
  [height, width]: readonly [height: number, width: number],
  belongs: (cell: number) => boolean,
): Float64Array {
  const distances = Float64Array.from({ length: height * width }, (_, cell) =>
    belongs(cell) ? 0 : Number.POSITIVE_INFINITY,
  );
  const envelope = lowerEnvelope(Math.max(height, width));
  for (let row = 0; row < height; row++) envelope(distances, { start: row * width, stride: 1, count: width });
  for (let column = 0; column < width; column++) {
    envelope(distances, { start: column, stride: width, count: height });
  }
  return distances;
}

interface Line {
  readonly start: number;
  readonly stride: number;
  readonly count: number;
}

/** min over q of (p − q)² + f(q), in place, for lines of at most `longest` cells. */
function lowerEnvelope(longest: number): (values: Float64Array, line: Line) => void {
  const f = new Float64Array(longest);
  const vertices = new Int32Array(longest);
  const starts = new Float64Array(longest + 1); // where each parabola becomes the lowest
  return (values, { start, stride, count }) => {
    for (let p = 0; p < count; p++) f[p] = values[start + p * stride]!;
    let last = -1;
    for (let q = 0; q < count; q++) {
      if (f[q] === Number.POSITIVE_INFINITY) continue;
      let from = Number.NEGATIVE_INFINITY;
      while (last >= 0) {
        const v = vertices[last]!;
        from = (f[q]! + q * q - (f[v]! + v * v)) / (2 * (q - v));
        if (from > starts[last]!) break;
        last--;
        from = Number.NEGATIVE_INFINITY;
      }
      last++;
      vertices[last] = q;
      starts[last] = from;
    }
    if (last < 0) return;
    for (let p = 0, k = 0; p < count; p++) {
      while (k < last && starts[k + 1]! < p) k++;
      const v = vertices[k]!;
      values[start + p * stride] = (p - v) ** 2 + f[v]!;
    }
  };
}
