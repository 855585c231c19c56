import { type NdArray, ndArray } from '../../../engine/arrays/index.ts';

/** Numbers on a grid, float32 [height, width]: maps, masks, one channel of a picture. */
export type Plane = NdArray<'float32'>;

/** `triangle` never leaves the range of its input; `cubic` (Keys 1981, IEEE TASSP 29, a = −1/2) is sharper. */
export type PlaneFilter = 'triangle' | 'cubic';

/**
 * Resizes a plane; pixel centres lie at ½, 1½, … of both grids. Shrinking widens the filter, so that every element
 * counts. A size that stays is left as it is.
 */
export function resizePlane(
  plane: Plane,
  [height, width]: readonly [height: number, width: number],
  filter: PlaneFilter = 'triangle',
): Plane {
  const [sourceHeight, sourceWidth] = plane.shape as [number, number];
  const rows = resizeLines(plane.data, { from: sourceWidth, to: width, filter });
  // Transposed, columns are lines.
  const columns = resizeLines(transpose(rows, sourceHeight, width), {
    from: sourceHeight,
    to: height,
    filter,
  });
  return ndArray('float32', [height, width], transpose(columns, width, height));
}

/** data: [lines, from] → [lines, to] */
function resizeLines(
  data: Float32Array,
  { from, to, filter }: { readonly from: number; readonly to: number; readonly filter: PlaneFilter },
): Float32Array {
  if (from === to) return data;
  const taps = Array.from({ length: to }, (_, position) => tapsOf(position, from, to, filter));
  const lines = data.length / from;
  const resized = new Float32Array(lines * to);
  for (let line = 0; line < lines; line++) {
    taps.forEach(({ first, weights }, position) => {
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) sum += weights[tap]! * data[line * from + first + tap]!;
      resized[line * to + position] = sum;
    });
  }
  return resized;
}

/** The elements from `first` on that make up one of the result; weights sum to 1, also at the borders. */
function tapsOf(position: number, from: number, to: number, filter: PlaneFilter) {
  const { support, weigh } = filters[filter];
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const centre = (position + 0.5) * scale - 0.5;
  const first = Math.max(0, Math.ceil(centre - support * stretch));
  const last = Math.min(from - 1, Math.floor(centre + support * stretch));
  const raw = Array.from({ length: last - first + 1 }, (_, tap) =>
    weigh(Math.abs(first + tap - centre) / stretch),
  );
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return { first, weights: raw.map((weight) => weight / total) };
}

/** Weight by distance, and where it ends. */
const filters: {
  readonly [F in PlaneFilter]: { readonly support: number; readonly weigh: (distance: number) => number };
} = {
  triangle: { support: 1, weigh: (x) => Math.max(0, 1 - x) },
  cubic: {
    support: 2,
    weigh: (x) => {
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  },
};

/** [rows, columns] → [columns, rows] */
function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = data[row * columns + column]!;
    }
  }
  return turned;
}
