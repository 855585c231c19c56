import type { PlotOptions } from '@observablehq/plot';
import sharp from 'sharp';

export type Plot = typeof import('@observablehq/plot');

/**
 * A chart of Observable Plot as the bytes of a PNG, drawn at twice its size in pixels. Plot is loaded when a chart is
 * drawn: most commands draw none.
 */
export async function drawChart(optionsWith: (plot: Plot) => PlotOptions): Promise<Uint8Array> {
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const options = { ...optionsWith(plot), document, style: { background: 'white' } } as PlotOptions;
  return sharp(Buffer.from(plot.plot(options).outerHTML), { density: 2 * 72 })
    .png()
    .toBuffer();
}
