import { ndArray } from '../../../engine/arrays/index.ts';
import type { Latents } from '../../diffusion/index.ts';
import { type Plane, resizePlane } from '../mask/resize-plane.ts';
import { type Raster, whiteOf } from './raster.ts';
import type { SquareCrop } from './square-crop.ts';

/** Rows and columns of a picture, perhaps beyond its borders. */
export interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/**
 * A window of a picture as a model takes it: float32 [1, 3, height, width] from −1 to 1, resized to the size with a cubic
 * filter. Beyond the borders the outermost pixels are repeated.
 */
export function modelInput(
  picture: Raster,
  window: Window,
  size: readonly [height: number, width: number],
): Latents {
  const white = whiteOf(picture.pixels);
  const planes = [0, 1, 2].map((channel) => {
    const seen = windowPlane(window, (row, column) => {
      const inside = clamp(row, picture.height) * picture.width + clamp(column, picture.width);
      return (2 * picture.pixels[3 * inside + channel]!) / white - 1;
    });
    return resizePlane(seen, size, 'cubic').data.map((value) => Math.min(1, Math.max(-1, value)));
  });
  const plane = size[0] * size[1];
  const data = new Float32Array(3 * plane);
  planes.forEach((values, channel) => {
    data.set(values, channel * plane);
  });
  return ndArray('float32', [1, 3, ...size], data);
}

/** The crop of a plane as large as the picture; 0 beyond its borders. */
export function cropPlane(plane: Plane, crop: SquareCrop): Plane {
  const [height, width] = plane.shape as [number, number];
  return windowPlane(windowOf(crop), (row, column) =>
    row < 0 || column < 0 || row >= height || column >= width ? 0 : plane.data[row * width + column]!,
  );
}

/** [side, side], 1 inside the picture and 0 beyond its borders. */
export const insideOf = (crop: SquareCrop, { height, width }: Pick<Raster, 'height' | 'width'>): Plane =>
  windowPlane(windowOf(crop), (row, column) =>
    row < 0 || column < 0 || row >= height || column >= width ? 0 : 1,
  );

export const windowOf = ({ top, left, side }: SquareCrop): Window => ({
  top,
  left,
  height: side,
  width: side,
});

function windowPlane(
  { top, left, height, width }: Window,
  value: (row: number, column: number) => number,
): Plane {
  const data = new Float32Array(height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++)
      data[row * width + column] = value(top + row, left + column);
  }
  return ndArray('float32', [height, width], data);
}

const clamp = (index: number, size: number): number => Math.min(Math.max(index, 0), size - 1);
