import { makePicture, type Picture, readPicture } from '../../../files/images/index.ts';
import { type Mask, maskFromBytes } from '../../../methods/evaluation/index.ts';

/** A mask from a picture file that is white where the subject is. */
export async function readMask(path: string): Promise<Mask> {
  const { height, width, pixels } = await readPicture(path, { onto: [0, 0, 0] });
  const red = Uint8Array.from({ length: height * width }, (_, pixel) => pixels[3 * pixel]!);
  return maskFromBytes(height, width, red);
}

/** A mask as a grey picture. */
export function pictureOfMask({ shape: [height = 0, width = 0], data }: Mask): Picture {
  const pixels = Uint8Array.from({ length: 3 * height * width }, (_, index) =>
    Math.round(255 * data[Math.floor(index / 3)]!),
  );
  return makePicture(height, width, pixels);
}

/** As it is, or undefined where there is no path. */
export const readMaskIfAny = (path: string | undefined): Promise<Mask | undefined> =>
  path === undefined ? Promise.resolve(undefined) : readMask(path);
