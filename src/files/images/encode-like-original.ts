import { readFile } from 'node:fs/promises';
import { deflateSync } from 'node:zlib';
import sharp, { type Metadata } from 'sharp';
import { FormatError, locate } from '../formats/format-error.ts';
import type { Picture } from './picture.ts';
import { encodePngChunk } from './png-chunks.ts';
import { type PngText, withPngText } from './png-text.ts';
import { profileColours } from './profile-name.ts';
import { encodePicture } from './write-picture.ts';

export interface LikeOriginalOptions {
  /** Where the picture was changed, [height · width]: anything but 0. */
  readonly changed: ArrayLike<number>;
  readonly texts?: readonly PngText[];
}

/**
 * A changed picture as the bytes of a PNG in the colours of the file that it was read from: its profile, its depth, its
 * alpha. Where nothing was changed every sample is the file's own, without a way to sRGB and back; of a grey file it is
 * there three times. CMYK, and grey of a profile of its own, are other samples than RGB: of them it is the picture's.
 * @throws {FormatError} if the file is not as large as the picture any more
 */
export function encodeLikeOriginal(
  path: string,
  picture: Picture,
  { changed, texts = [] }: LikeOriginalOptions,
): Promise<Uint8Array> {
  return locate(path, async () => {
    const bytes = await readFile(path);
    const metadata = await sharp(bytes, { limitInputPixels: false }).metadata();
    const isDeep = metadata.depth === 'ushort';
    const isKept = metadata.icc === undefined ? /^(srgb|rgb|rgb16|b-w|grey16)$/ : /^(srgb|rgb|rgb16)$/;
    if (!isKept.test(metadata.space) || !(isDeep || metadata.depth === 'uchar')) {
      return encodePicture(picture, 'PNG', { texts });
    }
    const profile = profileOf(metadata);
    const own = await samplesOf(
      await encodePicture(picture, 'PNG', { profile: profile === undefined ? 'sRGB' : 'own' }),
      false,
    );
    const stored = await samplesOf(bytes, isDeep);
    if (stored.width !== picture.width || stored.height !== picture.height) {
      throw new FormatError('is not the picture any more that was read; it was changed meanwhile');
    }
    const { data, channels } = stored;
    for (let pixel = 0; pixel < picture.width * picture.height; pixel++) {
      if (changed[pixel] === 0) continue;
      for (let channel = 0; channel < 3; channel++) {
        const value = own.data[own.channels * pixel + channel]!;
        data[channels * pixel + channel] = isDeep ? 257 * value : value;
      }
    }
    const { width, height } = stored;
    const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
    const png = await (isDeep ? image.toColourspace('rgb16') : image).png().toBuffer();
    const tagged = profile === undefined ? png : withPngProfile(png, profile);
    return texts.length === 0 ? tagged : withPngText(tagged, texts);
  });
}

const profileOf = ({ icc }: Metadata): Uint8Array | undefined =>
  icc !== undefined && profileColours(icc) === 'RGB' ? icc : undefined;

interface StoredSamples {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/** Upright, as they are in the file: its profile is not looked at. */
async function samplesOf(bytes: Uint8Array, isDeep: boolean): Promise<StoredSamples> {
  const image = sharp(bytes, { limitInputPixels: false, ignoreIcc: true }).autoOrient();
  const { data, info } = await image
    .toColourspace(isDeep ? 'rgb16' : 'srgb')
    .raw({ depth: isDeep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const copy = Uint8Array.from(data); // at an even place of memory
  return {
    data: isDeep ? new Uint16Array(copy.buffer) : copy,
    width: info.width,
    height: info.height,
    channels: info.channels as 3 | 4,
  };
}

/** Signature and header; the profile comes before the pixels. */
const BEHIND_HEADER = 33;

/** PNG 3rd edition, section 11.3.2.3: a name, 0, the method 0, the profile deflated. */
function withPngProfile(png: Uint8Array, profile: Uint8Array): Uint8Array {
  const contents = Buffer.concat([Buffer.from('ICC profile\0\0', 'latin1'), deflateSync(profile)]);
  return Buffer.concat([
    png.subarray(0, BEHIND_HEADER),
    encodePngChunk('iCCP', contents),
    png.subarray(BEHIND_HEADER),
  ]);
}
