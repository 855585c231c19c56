import { type NdArray, ndArray } from '../../engine/index.ts';

/** Pillow's numbers: 2 and 3 in a preprocessor_config.json. */
export type ResizeFilter = 'bilinear' | 'bicubic';

/**
 * Resizes 8-bit pixels exactly as Pillow does: the filter is widened when shrinking, so that every pixel counts;
 * weights are rounded to 22 fractional bits; columns first, then rows, each rounded to 8 bits.
 * pixels: uint8 [height, width, channels]
 */
export function resizePixels(
  pixels: NdArray<'uint8'>,
  [height, width]: readonly [height: number, width: number],
  filter: ResizeFilter,
): NdArray<'uint8'> {
  const [sourceHeight, sourceWidth, channels] = pixels.shape as [number, number, number];
  const columns = new Uint8Array(sourceHeight * width * channels);
  resample(pixels.data, columns, {
    taps: tapsOf(sourceWidth, width, filter),
    lines: sourceHeight,
    ...{ fromLine: sourceWidth * channels, fromStep: channels, toLine: width * channels, toStep: channels },
    width: channels,
  });
  const rows = new Uint8Array(height * width * channels);
  const row = width * channels;
  resample(columns, rows, {
    taps: tapsOf(sourceHeight, height, filter),
    lines: 1,
    ...{ fromLine: 0, fromStep: row, toLine: 0, toStep: row },
    width: row,
  });
  return ndArray('uint8', [height, width, channels], rows);
}

/** Fractional bits of a weight: 32, less 8 for the pixel and 2 for sums beyond the range. */
const fractionBits = 22;

/** The source positions from `first` on that make up one target position, weighted in units of 2^−22. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

interface Resampling {
  readonly taps: readonly Taps[];
  readonly lines: number;
  /** Elements between lines, and between neighbours along the line, in the source and in the target. */
  readonly fromLine: number;
  readonly fromStep: number;
  readonly toLine: number;
  readonly toStep: number;
  /** Elements that lie side by side at each position. */
  readonly width: number;
}

function resample(source: Uint8Array, target: Uint8Array, resampling: Resampling): void {
  const { taps, lines, fromLine, fromStep, toLine, toStep, width } = resampling;
  for (let line = 0; line < lines; line++) {
    taps.forEach(({ first, weights }, position) => {
      for (let element = 0; element < width; element++) {
        let sum = 2 ** (fractionBits - 1);
        weights.forEach((weight, tap) => {
          sum += weight * source[line * fromLine + (first + tap) * fromStep + element]!;
        });
        const value = Math.floor(sum / 2 ** fractionBits);
        target[line * toLine + position * toStep + element] = Math.min(255, Math.max(0, value));
      }
    });
  }
}

function tapsOf(source: number, target: number, filter: ResizeFilter): readonly Taps[] {
  const { support, weigh } = filters[filter];
  const scale = source / target;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: target }, (_, position) => {
    const centre = (position + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
    const end = Math.min(source, Math.trunc(centre + support * stretch + 0.5));
    const weights = Array.from({ length: end - first }, (_, tap) =>
      weigh(Math.abs((first + tap - centre + 0.5) / stretch)),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => roundHalfAway((weight / total) * 2 ** fractionBits)) };
  });
}

const roundHalfAway = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);

/** Weight by distance in pixels, and where it ends. */
const filters: {
  readonly [F in ResizeFilter]: { readonly support: number; readonly weigh: (distance: number) => number };
} = {
  bilinear: { support: 1, weigh: (x) => (x < 1 ? 1 - x : 0) },
  /** Keys' cubic with a = −1/2 (Keys 1981, IEEE TASSP 29, equation 4). */
  bicubic: {
    support: 2,
    weigh: (x) => {
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  },
};
