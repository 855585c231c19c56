import sharp, { type Sharp } from 'sharp';
import { FormatError } from '../formats/format-error.ts';
import { compositeOnto, makePicture, type Picture, type Rgb } from './picture.ts';

/** Which square of a picture is kept: the middle, or where its subject is. */
export type SquareCrop = 'centre' | 'subject';

export interface SquareOptions {
  /**
   * `subject`: around the opaque part of a picture with transparency, else the square with the most edges,
   * saturation and skin (libvips' attention). Default `centre`.
   */
  readonly crop?: SquareCrop;
  /** What transparency is composited on. Default white. */
  readonly onto?: Rgb;
}

/**
 * The largest square of a picture as `size` by `size` pixels, by Lanczos' filter: cropped, never squashed.
 * @throws {FormatError} if the size is no whole number ≥ 1
 */
export async function squarePicture(
  picture: Picture,
  size: number,
  { crop = 'centre', onto = [255, 255, 255] }: SquareOptions = {},
): Promise<Picture> {
  const opaque = compositeOnto(picture, onto);
  const box = crop === 'subject' ? opaqueBox(picture) : undefined;
  const image = rawImage(opaque);
  if (box !== undefined) image.extract(squareAround(picture, box));
  const position = crop === 'subject' && box === undefined ? sharp.strategy.attention : 'centre';
  return resized(image.resize(checkSize(size), size, { fit: 'cover', position }), size, size);
}

/** A picture of another size, by Lanczos' filter. Alpha is composited on white. */
export async function resizePicture(picture: Picture, height: number, width: number): Promise<Picture> {
  const image = rawImage(compositeOnto(picture, [255, 255, 255]));
  return resized(image.resize(checkSize(width), checkSize(height), { fit: 'fill' }), height, width);
}

/** A picture of another size and shape, by Lanczos' filter: its middle, cropped, never squashed. */
export async function coverPicture(picture: Picture, height: number, width: number): Promise<Picture> {
  const image = rawImage(compositeOnto(picture, [255, 255, 255]));
  return resized(image.resize(checkSize(width), checkSize(height), { fit: 'cover' }), height, width);
}

const rawImage = ({ pixels, height, width }: Picture) =>
  sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false });

async function resized(image: Sharp, height: number, width: number): Promise<Picture> {
  const bytes = await image.removeAlpha().raw().toBuffer();
  return makePicture(height, width, new Uint8Array(bytes));
}

function checkSize(size: number): number {
  if (Number.isSafeInteger(size) && size >= 1) return size;
  throw new FormatError(`a picture's sides are whole numbers ≥ 1, got ${size}`);
}

interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Around the pixels that are more opaque than not; undefined without alpha, or where all or none are. */
function opaqueBox({ alpha, height, width }: Picture): Box | undefined {
  if (alpha === undefined) return undefined;
  let [top, left, bottom, right] = [height, width, 0, 0];
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    if (alpha[pixel]! < 128) continue;
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    top = Math.min(top, row);
    bottom = Math.max(bottom, row + 1);
    left = Math.min(left, column);
    right = Math.max(right, column + 1);
  }
  const whole = top === 0 && left === 0 && bottom === height && right === width;
  return whole || bottom === 0 ? undefined : { top, left, bottom, right };
}

/** The largest square inside the picture whose middle is as near to the box's as it can be. */
function squareAround({ height, width }: Picture, { top, left, bottom, right }: Box) {
  const side = Math.min(height, width);
  const place = (middle: number, length: number) =>
    Math.max(0, Math.min(length - side, Math.round(middle - side / 2)));
  return {
    top: place((top + bottom) / 2, height),
    left: place((left + right) / 2, width),
    width: side,
    height: side,
  };
}
