import type { Tiling } from './plan-tiles.ts';
import { defaultTiling } from './run-tiled.ts';
import { pixelsPerCell, type VaeConfig } from './vae-config.ts';

/**
 * What the largest maps of a picture may take that is computed whole. Stable Diffusion's autoencoder stays below it up
 * to about 830 x 830 pixels; with all else that it holds, it takes 2 to 3 times as much.
 */
export const MOST_WHOLE_BYTES = 2 ** 31;

/**
 * How a picture is cut for the autoencoder: not at all where its largest maps fit into `mostWholeBytes`, since tiles
 * change it a little, else into tiles of the size of the training pictures.
 * @param size in cells
 * @returns undefined: as a whole
 */
export function chooseTiling(
  config: VaeConfig,
  { height, width }: { readonly height: number; readonly width: number },
  mostWholeBytes: number = MOST_WHOLE_BYTES,
): Tiling | undefined {
  const tiling = defaultTiling(config);
  if (Math.max(height, width) <= tiling.tile) return undefined;
  return largestMapBytes(config, { height, width }) <= mostWholeBytes ? undefined : tiling;
}

/**
 * Of the maps that are largest: at full resolution in the decoder's last level, where a map that still has the
 * channels of the level before, its norm, and what comes of them are there at once, in float32.
 * @param size in cells
 */
export function largestMapBytes(
  config: VaeConfig,
  { height, width }: { readonly height: number; readonly width: number },
): number {
  const channels = Math.max(...config.channels.slice(0, 2));
  return 3 * channels * height * width * pixelsPerCell(config) ** 2 * Float32Array.BYTES_PER_ELEMENT;
}
