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
  const columns = resample(pixels.data, {
    taps: tapsOf(sourceWidth, width, filter),
    lines: sourceHeight,
    positions: sourceWidth,
    run: channels,
  });
  const rows = resample(columns, {
    taps: tapsOf(sourceHeight, height, filter),
    lines: 1,
    positions: sourceHeight,
    run: width * channels,
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
  /** One a position of the result. */
  readonly taps: readonly Taps[];
  readonly lines: number;
  /** Positions a line in the source. */
  readonly positions: number;
  /** Elements that lie side by side at each position. */
  readonly run: number;
}

/** source: [lines, positions, run] → [lines, taps, run] */
function resample(source: Uint8Array, { taps, lines, positions, run }: Resampling): Uint8Array {
  const target = new Uint8Array(lines * taps.length * run);
  let next = 0;
  for (let line = 0; line < lines; line++) {
    for (const { first, weights } of taps) {
      const start = (line * positions + first) * run;
      for (let element = start; element < start + run; element++) {
        let sum = 2 ** (fractionBits - 1);
        for (let tap = 0; tap < weights.length; tap++) sum += weights[tap]! * source[element + tap * run]!;
        target[next++] = Math.min(255, Math.max(0, Math.floor(sum / 2 ** fractionBits)));
      }
    }
  }
  return target;
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
      weigh(Math.abs((first + tap - centre + 0.5) * (1 / stretch))),
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
