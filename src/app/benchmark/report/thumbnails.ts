import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { type NdArray, toNumbers } from '../../../engine/index.ts';
import { openArrays } from '../../../files/formats/index.ts';
import { Html, html } from './html.ts';

/** Twice the size at which pages show them. */
const SIDE = 208;

/** A picture in the page itself, or a note where there is none. */
export async function thumbnail(path: string | undefined, description: string): Promise<Html> {
  const bytes = path === undefined ? undefined : await readFile(path).catch(() => undefined);
  if (bytes === undefined) return html`<span class="absent">none</span>`;
  const small = await sharp(bytes)
    .autoOrient()
    .resize({ width: SIDE, height: SIDE, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 88 })
    .toBuffer();
  return embedded(small, 'webp', description);
}

/** z − ẑ as how far each place moved: root mean square over channels. */
export interface DirectionMap {
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
}

export async function readDirection(path: string): Promise<DirectionMap | undefined> {
  const file = await openArrays(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const source = file.arrays.get('direction');
    return source === undefined ? undefined : mapOfDirection((await source.read()) as NdArray);
  } finally {
    await file.close();
  }
}

/** @param direction [1, channels, height, width] */
export function mapOfDirection(direction: NdArray): DirectionMap {
  const [, channels = 1, height = 0, width = 0] = direction.shape;
  const data = toNumbers(direction);
  const places = height * width;
  const values = Float32Array.from({ length: places }, (_, place) => {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += data[channel * places + place]! ** 2;
    return Math.sqrt(sum / channels);
  });
  return { height, width, values };
}

/** White where nothing moved, through blue to black at `most`. */
export async function directionPicture(
  { height, width, values }: DirectionMap,
  most: number,
  description: string,
): Promise<Html> {
  const pixels = new Uint8Array(3 * values.length);
  for (const [place, value] of values.entries())
    pixels.set(colourOf(most === 0 ? 0 : value / most), 3 * place);
  const png = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize({ width: SIDE, height: Math.round((SIDE * height) / width), kernel: 'nearest', fit: 'fill' })
    .png()
    .toBuffer();
  return embedded(png, 'png', description);
}

const scale = [
  [255, 255, 255],
  [158, 202, 225],
  [33, 113, 181],
  [8, 20, 60],
] as const;

function colourOf(share: number): [number, number, number] {
  const place = Math.min(Math.max(share, 0), 1) * (scale.length - 1);
  const below = Math.min(Math.floor(place), scale.length - 2);
  const [from, to] = [scale[below]!, scale[below + 1]!];
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(from[channel] + (place - below) * (to[channel] - from[channel]));
  return [mix(0), mix(1), mix(2)];
}

const embedded = (bytes: Buffer, type: 'webp' | 'png', description: string): Html =>
  html`<img src="${new Html(`data:image/${type};base64,${bytes.toString('base64')}`)}" alt="${description}" loading="lazy">`;
