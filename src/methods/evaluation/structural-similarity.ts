import type { Picture } from '../../files/images/index.ts';
import { checkSameSize } from './compare-pixels.ts';
import { mean } from './statistics/mean.ts';

/**
 * Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004, IEEE TIP 13, equation 13): mean over pixels and the
 * three colour channels, each taken alone, of
 *
 *     (2 μa μb + C1)(2 σab + C2) / ((μa² + μb² + C1)(σa² + σb² + C2)),  C1 = (0.01 · 255)²,  C2 = (0.03 · 255)²
 *
 * under a Gaussian window of 11 pixels and deviation 1.5. The data range is 255; windows that would reach over the
 * border are left out (no padding). 1 is equal; it may be a little below 0. In float64.
 * @throws a sentence if the sizes differ or a side is under 11 pixels
 */
export function structuralSimilarity(a: Picture, b: Picture): number {
  checkPictures('SSIM', a, b, SSIM_LEAST_SIDE);
  const channels = planesOf(a).map(
    (plane, channel) => compareStructure(plane, planeOf(b, channel)).similarity,
  );
  return mean(channels);
}

/**
 * Multi-scale structural similarity (Wang, Simoncelli, Bovik 2003, Asilomar, equation 7) over five scales, each half
 * the one before: Π cs_j^w_j for the first four, times SSIM^w_5 at the coarsest, cs being the second factor of SSIM and
 * negative factors counting as 0. A channel alone each, then their mean. Pictures are halved by the mean of 2 x 2
 * pixels; an odd side is first given a line of zeros in front, as in the PyTorch code that the field uses. From 0 to 1,
 * which is equal.
 * @throws a sentence if the sizes differ or a side is under 161 pixels, as the coarsest scale could hold no window
 */
export function multiScaleStructuralSimilarity(a: Picture, b: Picture): number {
  checkPictures('MS-SSIM', a, b, MS_SSIM_LEAST_SIDE);
  const channels = planesOf(a).map((plane, channel) => {
    let [first, second, product] = [plane, planeOf(b, channel), 1];
    scaleWeights.forEach((weight, scale) => {
      const { similarity, contrast } = compareStructure(first, second);
      const isCoarsest = scale === scaleWeights.length - 1;
      product *= Math.max(0, isCoarsest ? similarity : contrast) ** weight;
      if (!isCoarsest) [first, second] = [halve(first), halve(second)];
    });
    return product;
  });
  return mean(channels);
}

/** Sides of the window. */
const WINDOW = 11;
const DEVIATION = 1.5;

/** The exponents of the scales, from fine to coarse. */
const scaleWeights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/** In pixels: a window has to fit in, at the coarsest scale too. */
export const SSIM_LEAST_SIDE = WINDOW;
export const MS_SSIM_LEAST_SIDE = (WINDOW - 1) * 2 ** (scaleWeights.length - 1) + 1;

const [C1, C2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];

/** One colour of a picture, 0 to 255, row by row. */
interface Plane {
  readonly height: number;
  readonly width: number;
  readonly values: Float64Array;
}

/** The means over all windows of both factors' product, and of the second factor alone. */
function compareStructure(a: Plane, b: Plane): { readonly similarity: number; readonly contrast: number } {
  const blurProduct = (x: Plane, y: Plane) =>
    blur({ ...x, values: x.values.map((value, index) => value * y.values[index]!) });
  const [meanA, meanB] = [blur(a), blur(b)];
  const [squareA, squareB, product] = [blurProduct(a, a), blurProduct(b, b), blurProduct(a, b)];
  let [similarity, contrast] = [0, 0];
  for (let i = 0; i < product.length; i++) {
    const [ma, mb] = [meanA[i]!, meanB[i]!];
    const variances = squareA[i]! - ma * ma + squareB[i]! - mb * mb;
    const cs = (2 * (product[i]! - ma * mb) + C2) / (variances + C2);
    contrast += cs;
    similarity += (cs * (2 * ma * mb + C1)) / (ma * ma + mb * mb + C1);
  }
  return { similarity: similarity / product.length, contrast: contrast / product.length };
}

const gaussian: readonly number[] = (() => {
  const weights = Array.from({ length: WINDOW }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * DEVIATION ** 2)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
})();

/** Under the window, rows first, then columns: [height, width] → [height − 10, width − 10]. */
function blur({ height, width, values }: Plane): Float64Array {
  const columns = width - WINDOW + 1;
  const rows = height - WINDOW + 1;
  const along = new Float64Array(height * columns);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let tap = 0; tap < WINDOW; tap++) sum += gaussian[tap]! * values[row * width + column + tap]!;
      along[row * columns + column] = sum;
    }
  }
  const down = new Float64Array(rows * columns);
  for (let i = 0; i < down.length; i++) {
    let sum = 0;
    for (let tap = 0; tap < WINDOW; tap++) sum += gaussian[tap]! * along[i + tap * columns]!;
    down[i] = sum;
  }
  return down;
}

/** Means of 2 x 2 pixels; before an odd side there is a line of zeros, which counts. */
function halve({ height, width, values }: Plane): Plane {
  const [top, left] = [height % 2, width % 2];
  const [rows, columns] = [(height + top) / 2, (width + left) / 2];
  const at = (row: number, column: number) => (row < 0 || column < 0 ? 0 : values[row * width + column]!);
  const halved = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [y, x] = [2 * row - top, 2 * column - left];
      halved[row * columns + column] = (at(y, x) + at(y, x + 1) + at(y + 1, x) + at(y + 1, x + 1)) / 4;
    }
  }
  return { height: rows, width: columns, values: halved };
}

const planesOf = (picture: Picture): readonly Plane[] =>
  [0, 1, 2].map((channel) => planeOf(picture, channel));

function planeOf({ height, width, pixels }: Picture, channel: number): Plane {
  const values = Float64Array.from({ length: height * width }, (_, pixel) => pixels[3 * pixel + channel]!);
  return { height, width, values };
}

function checkPictures(name: string, a: Picture, b: Picture, smallest: number): void {
  checkSameSize(a, b);
  if (Math.min(a.height, a.width) >= smallest) return;
  throw new Error(
    `${name} needs sides of at least ${smallest} pixels, the pictures are ${a.width} x ${a.height}`,
  );
}
