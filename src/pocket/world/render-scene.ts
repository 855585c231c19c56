import sharp from 'sharp';
import { randomKey, uniform } from '../../engine/arrays/index.ts';
import { drawLayers, type Layers } from './draw-layers.ts';
import type { Scene } from './scene.ts';

/** A picture of a scene and where its subject is seen. */
export interface RenderedScene {
  /** RGB, [height, width, 3]. */
  readonly pixels: Uint8Array;
  /** How much of each pixel is the subject, 0 to 255, what stands in front of it taken off: [height, width]. */
  readonly mask: Uint8Array;
}

/**
 * Draws a scene `size` pixels wide and high. The layers are rasterised apart and laid over each other here, so
 * where the mask is 0 no bit of the picture depends on the subject's appearance.
 */
export async function renderScene(scene: Scene, size: number): Promise<RenderedScene> {
  const layers = drawLayers(scene);
  const raster = await rasterise(layers, size);
  const area = size * size;
  const behind = raster.subarray(0, 4 * area);
  const subject = raster.subarray(4 * area, 8 * area);
  const front = layers.front === '' ? null : raster.subarray(8 * area, 12 * area);
  const pixels = new Uint8Array(3 * area);
  const mask = new Uint8Array(area);
  const grain = uniform(randomKey(scene.grainSeed), [area], -grainStrength, grainStrength).data;
  for (let i = 0; i < area; i++) {
    const opacity = subject[4 * i + 3]!;
    const cover = front === null ? 0 : front[4 * i + 3]!;
    mask[i] = Math.round((opacity * (255 - cover)) / 255);
    for (let channel = 0; channel < 3; channel++) {
      const at = 4 * i + channel;
      const tint = layers.tint[channel]!;
      let value = behind[at]!;
      if (mask[i] !== 0) value += ((subject[at]! * tint - value) * opacity) / 255;
      if (front !== null) value += ((front[at]! * tint - value) * cover) / 255;
      pixels[3 * i + channel] = Math.min(Math.max(Math.round(value + grain[i]!), 0), 255);
    }
  }
  return { pixels, mask };
}

/** Largest change of a pixel by grain, of 255. */
const grainStrength = 1.5;

/** All layers in one raster, one below the other: RGBA, [layers · size, size, 4]. */
async function rasterise({ behind, subject, front, definitions }: Layers, size: number): Promise<Uint8Array> {
  const contents = front === '' ? [behind, subject] : [behind, subject, front];
  const height = 100 * contents.length;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size * contents.length}"` +
    ` viewBox="0 0 100 ${height}"><defs>${definitions}</defs>` +
    contents
      .map(
        (content, index) =>
          `<svg y="${100 * index}" width="100" height="100" viewBox="0 0 100 100">${content}</svg>`,
      )
      .join('') +
    '</svg>';
  return sharp(Buffer.from(svg)).raw().toBuffer();
}
