import type { Picture } from '../../files/images/index.ts';
import type { Mask } from './edit-case.ts';

/** Which pixels are compared. Default: all. */
export type Region = 'everywhere' | { readonly kind: 'inside' | 'outside'; readonly mask: Mask };

/** What two pictures differ by, over the pixels of a region and their three channels. */
export interface PixelDifference {
  /** Mean of |a − b|, 0 to 255. */
  readonly meanAbsolute: number;
  /** Mean of (a − b)². */
  readonly meanSquared: number;
  /** The largest |a − b|, 0 to 255. */
  readonly largest: number;
  /** Pixels of which at least one channel differs. */
  readonly changedPixels: number;
  readonly pixels: number;
}

/**
 * Compares sRGB values as they are stored, 0 to 255; alpha is not looked at.
 * @throws a sentence if the sizes differ, or the region has no pixel
 */
export function comparePixels(a: Picture, b: Picture, region: Region = 'everywhere'): PixelDifference {
  checkSameSize(a, b);
  const isIn = selector(a, region);
  let [sum, squares, largest, changedPixels, pixels] = [0, 0, 0, 0, 0];
  for (let pixel = 0; pixel < a.height * a.width; pixel++) {
    if (!isIn(pixel)) continue;
    let largestHere = 0;
    for (let index = 3 * pixel; index < 3 * pixel + 3; index++) {
      const difference = Math.abs(a.pixels[index]! - b.pixels[index]!);
      sum += difference;
      squares += difference * difference;
      largestHere = Math.max(largestHere, difference);
    }
    pixels++;
    if (largestHere > 0) changedPixels++;
    largest = Math.max(largest, largestHere);
  }
  if (pixels === 0) throw new Error(`comparePixels: ${emptyRegion(region)}; nothing can be measured there`);
  const values = 3 * pixels;
  return { meanAbsolute: sum / values, meanSquared: squares / values, largest, changedPixels, pixels };
}

/** 10 · log10(255² / mean squared error), in decibels; infinite for equal pictures. */
export const peakSignalToNoise = ({ meanSquared }: Pick<PixelDifference, 'meanSquared'>): number =>
  10 * Math.log10(255 ** 2 / meanSquared);

/** @throws a sentence with both sizes */
export function checkSameSize(a: Picture, b: Picture): void {
  if (a.height === b.height && a.width === b.width) return;
  throw new Error(
    `the pictures differ in size, ${a.width} x ${a.height} and ${b.width} x ${b.height}; make them equal first`,
  );
}

/** @throws a sentence if a mask is not as large as the picture that it belongs to */
export function checkMask(mask: Mask, { height, width }: Pick<Picture, 'height' | 'width'>): void {
  const [rows, columns] = mask.shape;
  if (mask.dtype === 'float32' && mask.shape.length === 2 && rows === height && columns === width) return;
  throw new Error(
    `a mask is float32[${height}, ${width}] (height, width) for this picture, got ${mask.dtype}[${mask.shape.join(', ')}]; resize it`,
  );
}

function selector(picture: Picture, region: Region): (pixel: number) => boolean {
  if (region === 'everywhere') return () => true;
  const { kind, mask } = region;
  checkMask(mask, picture);
  return kind === 'inside' ? (pixel) => mask.data[pixel]! >= 0.5 : (pixel) => mask.data[pixel]! < 0.5;
}

const emptyRegion = (region: Region): string =>
  region === 'everywhere'
    ? 'the pictures are empty'
    : `there is no pixel ${region.kind} the mask (${region.kind === 'inside' ? 'at least' : 'under'} 0.5)`;
