import { formatShape, type NdArray, ndArray } from '../../engine/arrays/index.ts';
import { FormatError } from '../formats/format-error.ts';
import { makePicture, type Picture } from './picture.ts';

/**
 * Pictures as a model takes them: float32 [pictures, 3, height, width] in [−1, 1], x = pixel / 127.5 − 1. Alpha is
 * not looked at: composite it first.
 * @throws {FormatError} if there are none or their sizes differ
 */
export function arrayFromPictures(pictures: readonly Picture[]): NdArray<'float32'> {
  const [first] = pictures;
  if (first === undefined) throw new FormatError('pictures: an array needs at least one, got none');
  const { height, width } = first;
  const plane = height * width;
  const data = new Float32Array(pictures.length * 3 * plane);
  for (const [index, picture] of pictures.entries()) {
    checkSameSize(picture, index, first);
    const start = index * 3 * plane;
    for (let channel = 0; channel < 3; channel++) {
      for (let pixel = 0; pixel < plane; pixel++) {
        data[start + channel * plane + pixel] = picture.pixels[3 * pixel + channel]! / 127.5 - 1;
      }
    }
  }
  return ndArray('float32', [pictures.length, 3, height, width], data);
}

/**
 * The way back: pixel = (x + 1)·127.5, clamped to [0, 255] and rounded to nearest, halves up. `name` begins the
 * message where something is wrong.
 * @throws {FormatError} if the shape is not [pictures, 3, height, width], or an element is no finite number
 */
export function picturesFromArray(array: NdArray<'float32'>, name = 'pictures'): Picture[] {
  const [count = 0, channels, height = 0, width = 0] = array.shape;
  if (array.shape.length !== 4 || channels !== 3 || count * height * width === 0) {
    throw new FormatError(
      `${name}: an array of pictures is [pictures, 3, height, width], got ${formatShape(array.shape)}`,
    );
  }
  const plane = height * width;
  return Array.from({ length: count }, (_, index) => {
    const pixels = new Uint8Array(3 * plane);
    for (let channel = 0; channel < 3; channel++) {
      const start = (3 * index + channel) * plane;
      for (let pixel = 0; pixel < plane; pixel++) {
        const value = array.data[start + pixel]!;
        if (!Number.isFinite(value)) throw notFinite(name, value, [index, channel, pixel, width]);
        pixels[3 * pixel + channel] = Math.round(Math.min(255, Math.max(0, (value + 1) * 127.5)));
      }
    }
    return makePicture(height, width, pixels);
  });
}

function notFinite(
  name: string,
  value: number,
  [index, channel, pixel, width]: readonly [number, number, number, number],
): FormatError {
  const place = [index, channel, Math.floor(pixel / width), pixel % width].join(', ');
  return new FormatError(
    `${name}: element [${place}] is ${value}, which has no colour; the model overflowed, decode in float32`,
  );
}

function checkSameSize({ height, width }: Picture, index: number, first: Picture): void {
  if (height !== first.height || width !== first.width) {
    throw new FormatError(
      `pictures: number ${index} is ${width} x ${height}, the first ${first.width} x ${first.height}; make them equal`,
    );
  }
}
