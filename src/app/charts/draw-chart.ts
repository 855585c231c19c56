import type { PlotOptions } from '@observablehq/plot';
import sharp from 'sharp';

export type Plot = typeof import('@observablehq/plot');

/** A chart of Observable Plot as the bytes of a PNG, drawn at twice its size in pixels. */
export async function drawChart(optionsWith: (plot: Plot) => PlotOptions): Promise<Uint8Array> {
  const svg = await drawVectors(optionsWith);
  return sharp(Buffer.from(svg), { density: 2 * 72 })
    .png()
    .toBuffer();
}

/** The same as SVG, on white. Plot is loaded when a chart is drawn: most commands draw none. */
export async function drawVectors(optionsWith: (plot: Plot) => PlotOptions): Promise<string> {
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const { style, ...options } = optionsWith(plot);
  return plot.plot({
    ...options,
    document,
    style: { background: 'white', ...(style as object) },
  } as PlotOptions).outerHTML;
}
