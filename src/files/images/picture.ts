import { FormatError } from '../formats/format-error.ts';

/** Red, green, blue, each 0 to 255, in sRGB. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** A picture in memory: sRGB, 8 bits a channel, upright. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  /** [height, width, 3]; where there is alpha, not multiplied by it. */
  readonly pixels: Uint8Array;
  /** [height, width]; 0 is transparent, 255 opaque. Absent where everything is opaque by format. */
  readonly alpha?: Uint8Array;
  /** What reading had to change; empty for a picture that was made here. */
  readonly changes: readonly PictureChange[];
  /** The RGB profile that the file carried, for writing the picture back in it. */
  readonly profile?: ColourProfile;
}

/** What stands between a file's samples and the pixels. */
export type PictureChange =
  /** Turned or mirrored upright; EXIF's number, 2 to 8. */
  | { readonly kind: 'oriented'; readonly orientation: number }
  /** Converted to sRGB from the profile of this name. */
  | { readonly kind: 'profile-converted'; readonly profile: string }
  /** Grey or CMYK samples became red, green and blue. */
  | { readonly kind: 'colours-converted'; readonly from: 'grey' | 'CMYK' | 'other' }
  | { readonly kind: 'depth-reduced'; readonly from: string }
  /** Only the first of several frames or pages was read. */
  | { readonly kind: 'first-frame'; readonly frames: number }
  | { readonly kind: 'alpha-composited'; readonly onto: Rgb };

export interface ColourProfile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Wraps pixels [height, width, 3] and, if given, alpha [height, width], without a copy. */
export function makePicture(height: number, width: number, pixels: Uint8Array, alpha?: Uint8Array): Picture {
  if (![height, width].every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new FormatError(`picture: height and width are whole numbers ≥ 1, got ${height} and ${width}`);
  }
  checkLength('pixels', pixels, height * width * 3);
  if (alpha === undefined) return { height, width, pixels, changes: [] };
  checkLength('alpha', alpha, height * width);
  return { height, width, pixels, alpha, changes: [] };
}

/** Alpha is applied and goes: round(α·pixel + (1 − α)·colour). A picture without alpha is returned as it is. */
export function compositeOnto(picture: Picture, onto: Rgb): Picture {
  if (!onto.every((channel) => Number.isInteger(channel) && channel >= 0 && channel <= 255)) {
    throw new FormatError(`picture: a colour is three whole numbers from 0 to 255, got [${onto.join(', ')}]`);
  }
  const { alpha, ...opaque } = picture;
  if (alpha === undefined) return picture;
  const pixels = new Uint8Array(picture.pixels.length);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    const share = alpha[pixel]!;
    for (let channel = 0; channel < 3; channel++) {
      const index = 3 * pixel + channel;
      pixels[index] = Math.round((share * picture.pixels[index]! + (255 - share) * onto[channel]!) / 255);
    }
  }
  return { ...opaque, pixels, changes: [...picture.changes, { kind: 'alpha-composited', onto }] };
}

function checkLength(what: string, bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) {
    throw new FormatError(`picture: ${what} of this size are ${expected} bytes, got ${bytes.length}`);
  }
}
