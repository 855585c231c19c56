import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { FormatError, locate } from '../formats/format-error.ts';
import { createFile, type ExistingFile } from './create-file.ts';
import type { ColourProfile, Picture } from './picture.ts';
import { type PngText, withPngText } from './png-text.ts';

/** What can be written; GIF, TIFF and AVIF can only be read. */
export type WritableFormat = 'PNG' | 'JPEG' | 'WebP';

export interface EncodePictureOptions {
  /** JPEG and WebP, 1 to 100; 95 unless given. 100 makes WebP lossless. */
  readonly quality?: number;
  /** 'own' converts back into `picture.profile`, where there is one, and attaches it; 'sRGB' unless given. */
  readonly profile?: 'sRGB' | 'own';
  /** PNG only. */
  readonly texts?: readonly PngText[];
}

export interface WritePictureOptions extends EncodePictureOptions {
  /** 'refuse' unless given. */
  readonly existing?: ExistingFile;
}

/**
 * Writes a PNG, JPEG or WebP file, by the path's ending, whole or not at all. Alpha is written where the picture has
 * it, which JPEG cannot: composite first.
 * @throws {FormatError} a sentence that begins with the path
 */
export async function writePicture(
  path: string,
  picture: Picture,
  { existing = 'refuse', ...options }: WritePictureOptions = {},
): Promise<void> {
  const bytes = await locate(path, () => encodePicture(picture, formatOfName(path), options));
  await createFile(path, bytes, existing);
}

/** The bytes of such a file. */
export async function encodePicture(
  picture: Picture,
  format: WritableFormat,
  { quality = 95, profile = 'sRGB', texts = [] }: EncodePictureOptions = {},
): Promise<Uint8Array> {
  if (!(quality >= 1 && quality <= 100)) {
    throw new FormatError(`a quality is a number from 1 to 100, got ${quality}`);
  }
  if (format === 'JPEG' && picture.alpha !== undefined) {
    throw new FormatError(
      'JPEG has no transparency; composite the picture on a colour, or write PNG or WebP',
    );
  }
  if (format !== 'PNG' && texts.length > 0) {
    throw new FormatError(`${format} has no place for texts such as settings; write PNG`);
  }
  const encoder = encoders[format](rawImage(picture), quality);
  const own = profile === 'own' ? picture.profile : undefined;
  const bytes = own === undefined ? await encoder.toBuffer() : await encodeInProfile(encoder, own);
  return texts.length === 0 ? bytes : withPngText(bytes, texts);
}

const endings: Readonly<Record<string, WritableFormat>> = {
  '.png': 'PNG',
  '.jpg': 'JPEG',
  '.jpeg': 'JPEG',
  '.webp': 'WebP',
};

function formatOfName(path: string): WritableFormat {
  const format = endings[extname(path).toLowerCase()];
  if (format === undefined) {
    throw new FormatError(`a picture's name ends in ${Object.keys(endings).join(', ')}; choose one of them`);
  }
  return format;
}

const encoders: { readonly [F in WritableFormat]: (image: Sharp, quality: number) => Sharp } = {
  PNG: (image) => image.png(),
  // 4:4:4: colours keep their resolution, and quality alone decides.
  JPEG: (image, quality) => image.jpeg({ quality, chromaSubsampling: '4:4:4' }),
  // `exact` keeps the colours under full transparency.
  WebP: (image, quality) => image.webp({ quality, lossless: quality === 100, exact: true }),
};

function rawImage({ height, width, pixels, alpha }: Picture): Sharp {
  const channels = alpha === undefined ? 3 : 4;
  const samples = alpha === undefined ? pixels : joinAlpha(pixels, alpha);
  return sharp(samples, { raw: { width, height, channels }, limitInputPixels: false });
}

function joinAlpha(pixels: Uint8Array, alpha: Uint8Array): Uint8Array {
  const samples = new Uint8Array(4 * alpha.length);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    samples[4 * pixel] = pixels[3 * pixel]!;
    samples[4 * pixel + 1] = pixels[3 * pixel + 1]!;
    samples[4 * pixel + 2] = pixels[3 * pixel + 2]!;
    samples[4 * pixel + 3] = alpha[pixel]!;
  }
  return samples;
}

/** sharp takes a profile only as a file. */
async function encodeInProfile(encoder: Sharp, { name, bytes }: ColourProfile): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'dreamsteerer-profile-'));
  try {
    const file = join(folder, 'profile.icc');
    await writeFile(file, bytes);
    return await encoder.withIccProfile(file).toBuffer();
  } catch (cause) {
    throw new FormatError(`cannot be converted into the profile ${JSON.stringify(name)}; write it in sRGB`, {
      cause,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
