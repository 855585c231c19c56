import sharp, { type Metadata, type Sharp } from 'sharp';
import { type ByteSource, openFileSource } from '../formats/byte-source.ts';
import { FormatError, locate, quote } from '../formats/format-error.ts';
import { type ColourProfile, compositeOnto, type Picture, type PictureChange, type Rgb } from './picture.ts';
import { detectPictureFormat } from './picture-format.ts';
import { profileColours, profileName } from './profile-name.ts';

export interface ReadPictureOptions {
  /** Transparency is composited on this colour; without one, alpha stays a channel of its own. */
  readonly onto?: Rgb;
  /** Refuses pictures of more pixels; `MOST_PIXELS` unless given. */
  readonly mostPixels?: number;
}

/**
 * The largest phone sensors give 200 million pixels. 2^28 of them take 768 MiB here; beyond that a small file that
 * unpacks to gigabytes is likelier than a photo.
 */
export const MOST_PIXELS = 2 ** 28;

/** A file has to fit in memory beside its pixels; 2^28 pixels of uncompressed 8-bit RGBA are 1 GiB. */
export const LARGEST_PICTURE_FILE = 2 ** 30;

/**
 * Reads PNG, JPEG, WebP, TIFF, GIF or AVIF as an upright sRGB picture of 8 bits a channel: EXIF orientation applied,
 * colour profiles converted, grey and CMYK made RGB, 16 bits reduced to 8 by dropping the low ones. `changes` says
 * what was done.
 * @throws {FormatError} a sentence that begins with the path
 */
export async function readPicture(path: string, options: ReadPictureOptions = {}): Promise<Picture> {
  const source = await openFileSource(path);
  try {
    return await locate(path, async () => decodePicture(await readWhole(source), options));
  } finally {
    await source.close();
  }
}

/** The same for bytes in memory; `name` stands for the path in messages. */
export const parsePicture = (
  bytes: Uint8Array,
  name: string,
  options: ReadPictureOptions = {},
): Promise<Picture> => locate(name, () => decodePicture(bytes, options));

function readWhole(source: ByteSource): Promise<Uint8Array> {
  if (source.size > LARGEST_PICTURE_FILE) {
    throw new FormatError(
      `has ${source.size} bytes, more than the ${LARGEST_PICTURE_FILE} that a picture may have; make it smaller`,
    );
  }
  return source.read(0, source.size);
}

async function decodePicture(
  bytes: Uint8Array,
  { onto, mostPixels = MOST_PIXELS }: ReadPictureOptions,
): Promise<Picture> {
  detectPictureFormat(bytes);
  // 'error' and not sharp's 'warning': phones write files with small mistakes that every viewer forgives.
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: false });
  const metadata = await refuseDamage(image.metadata());
  checkSize(metadata, mostPixels);
  const picture = await decodePixels(image, metadata);
  return onto === undefined ? picture : compositeOnto(picture, onto);
}

const refuseDamage = <T>(work: Promise<T>): Promise<T> =>
  work.catch((cause) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(
      `is damaged or cut off (${quote(reason.split('\n')[0]!)}); fetch or export the picture again`,
      { cause },
    );
  });

function checkSize({ width, height }: Metadata, mostPixels: number): void {
  if (width * height > mostPixels) {
    throw new FormatError(
      `is ${width} x ${height}, ${width * height} pixels, more than the ${mostPixels} allowed; make it smaller`,
    );
  }
}

async function decodePixels(image: Sharp, metadata: Metadata): Promise<Picture> {
  const { data, info } = await refuseDamage(
    image.autoOrient().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  );
  if (info.channels !== 3 && info.channels !== 4) {
    throw new FormatError(
      `has ${metadata.channels} channels of the kind "${metadata.space}"; export it as RGB`,
    );
  }
  const profile = rgbProfile(metadata);
  return {
    height: info.height,
    width: info.width,
    ...(info.channels === 4 ? splitAlpha(data) : { pixels: new Uint8Array(data) }),
    changes: changesOf(metadata),
    ...(profile === undefined ? {} : { profile }),
  };
}

function splitAlpha(samples: Uint8Array): { pixels: Uint8Array; alpha: Uint8Array } {
  const count = samples.length / 4;
  const pixels = new Uint8Array(3 * count);
  const alpha = new Uint8Array(count);
  for (let pixel = 0; pixel < count; pixel++) {
    pixels[3 * pixel] = samples[4 * pixel]!;
    pixels[3 * pixel + 1] = samples[4 * pixel + 1]!;
    pixels[3 * pixel + 2] = samples[4 * pixel + 2]!;
    alpha[pixel] = samples[4 * pixel + 3]!;
  }
  return { pixels, alpha };
}

function rgbProfile({ icc }: Metadata): ColourProfile | undefined {
  if (icc === undefined || profileColours(icc) !== 'RGB') return undefined;
  return { name: profileName(icc), bytes: new Uint8Array(icc) };
}

function changesOf({ orientation = 1, icc, space, depth, pages = 1 }: Metadata): PictureChange[] {
  const changes: PictureChange[] = [];
  if (orientation > 1 && orientation <= 8) changes.push({ kind: 'oriented', orientation });
  const profile = icc === undefined ? 'sRGB' : profileName(icc);
  if (!/^sRGB/i.test(profile)) changes.push({ kind: 'profile-converted', profile });
  if (!/^(srgb|rgb16|rgb)$/.test(space)) changes.push({ kind: 'colours-converted', from: coloursOf(space) });
  if (depth !== 'uchar') changes.push({ kind: 'depth-reduced', from: depthNames[depth] ?? depth });
  if (pages > 1) changes.push({ kind: 'first-frame', frames: pages });
  return changes;
}

const coloursOf = (space: string): 'grey' | 'CMYK' | 'other' =>
  /^(b-w|grey16)$/.test(space) ? 'grey' : space === 'cmyk' ? 'CMYK' : 'other';

const depthNames: Readonly<Record<string, string>> = {
  ushort: '16 bits',
  uint: '32 bits',
  float: 'floating point',
  double: 'floating point',
};
