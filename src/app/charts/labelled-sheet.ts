import sharp, { type OverlayOptions } from 'sharp';
import { compositeOnto, type Picture } from '../../files/images/index.ts';

/** A picture of a sheet, and what stands below it. */
export interface SheetPanel {
  readonly label: string;
  readonly picture: Picture;
}

const CELL = 320;
const GAP = 12;
const LABEL = 30;

/**
 * Pictures of any size in rows, each with its label, as the bytes of a PNG. Large ones are made smaller; small ones are
 * enlarged pixel by pixel, so that it can be seen what they are made of.
 */
export async function drawSheet(rows: readonly (readonly SheetPanel[])[]): Promise<Uint8Array> {
  const width = GAP + Math.max(...rows.map((row) => row.length)) * (CELL + GAP);
  const layers: OverlayOptions[] = [];
  const labels: string[] = [];
  let top = GAP;
  for (const row of rows) {
    const shown = await Promise.all(row.map(({ picture }) => fitted(picture)));
    const tallest = Math.max(...shown.map(({ info }) => info.height));
    for (const [column, { data, info }] of shown.entries()) {
      const left = GAP + column * (CELL + GAP);
      layers.push({
        input: data,
        left: left + Math.floor((CELL - info.width) / 2),
        top: top + Math.floor((tallest - info.height) / 2),
      });
      const place = `x="${left + CELL / 2}" y="${top + tallest + 20}" text-anchor="middle"`;
      labels.push(`<text ${place}>${escaped(row[column]!.label)}</text>`);
    }
    top += tallest + LABEL + GAP;
  }
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}" ` +
    `font-family="sans-serif" font-size="15" fill="#222">${labels.join('')}</svg>`;
  return sharp({ create: { width, height: top, channels: 3, background: 'white' } })
    .composite([...layers, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

function fitted(picture: Picture) {
  const { pixels, width, height } = compositeOnto(picture, [255, 255, 255]);
  const scale = CELL / Math.max(width, height);
  const side = (length: number) => Math.max(1, Math.round(scale * length));
  return sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize(side(width), side(height), { fit: 'fill', kernel: scale >= 2 ? 'nearest' : 'lanczos3' })
    .png()
    .toBuffer({ resolveWithObject: true });
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
