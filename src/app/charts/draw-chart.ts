import { type PlotOptions, plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';

/** A chart of Observable Plot as the bytes of a PNG, drawn at twice its size in pixels. */
export async function drawChart(options: PlotOptions): Promise<Uint8Array> {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const { style, ...rest } = options;
  const look = { ...(typeof style === 'object' ? style : {}), background: 'white' };
  const svg = plot({ ...rest, document, style: look } as PlotOptions).outerHTML;
  return sharp(Buffer.from(svg), { density: 2 * 72 })
    .png()
    .toBuffer();
}
