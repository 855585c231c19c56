/** Colour samples of 8 or 16 bits a channel; the type says which. */
export type Samples = Uint8Array | Uint16Array;

/** A picture's colours; a `Picture` of files is one. Whatever else it has (alpha, profile) is kept. */
export interface Raster {
  readonly height: number;
  readonly width: number;
  /** [height, width, 3] */
  readonly pixels: Samples;
}

/** The value of full brightness. */
export const whiteOf = (pixels: Samples): number => (pixels instanceof Uint16Array ? 65_535 : 255);

/** @throws a sentence if the pixels are not those of a picture of this size */
export function checkRaster({ height, width, pixels }: Raster): void {
  const isSize = [height, width].every((side) => Number.isSafeInteger(side) && side >= 1);
  if (isSize && pixels.length === 3 * height * width) return;
  throw new Error(
    `editing: a picture is [height, width, 3] with sides of 1 or more, got ${height} x ${width} and ${pixels.length} samples`,
  );
}
