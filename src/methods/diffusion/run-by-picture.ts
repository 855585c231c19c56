import { type CompileOptions, joinArrays, type NdArray, ndArray, resultOf } from '../../engine/index.ts';
import {
  chooseTiling,
  largestMapBytes,
  runTiled,
  type Tiling,
  type VaeConfig,
} from '../../networks/vae/index.ts';

export interface AutoencoderOptions {
  /** Tiles in cells, or none whatever the size. Default: as `chooseTiling` says. */
  readonly tiling?: Tiling | 'none';
}

export const tilingOf = (
  config: VaeConfig,
  cells: { readonly height: number; readonly width: number },
  { tiling }: AutoencoderOptions,
): Tiling | undefined =>
  tiling === undefined ? chooseTiling(config, cells) : tiling === 'none' ? undefined : tiling;

/** What a program of the autoencoder may keep for its next run, by its largest maps: of Stable Diffusion, nothing. */
const MOST_POOLED_BYTES = 2 ** 28;

/**
 * How a program of the autoencoder treats its memory. From the second run on a pool holds the first run's beside what
 * it has planned, nearly twice as much (docs/performance.md).
 * @param cells of one picture or tile
 */
export const compileOptionsOf = (
  config: VaeConfig,
  cells: { readonly height: number; readonly width: number },
): CompileOptions => ({
  memory: largestMapBytes(config, cells) > MOST_POOLED_BYTES ? 'returned' : 'pooled',
});

export interface PictureRun {
  readonly direction: 'encode' | 'decode';
  /** undefined: each picture as a whole. */
  readonly tiling: Tiling | undefined;
  /** One picture or tile, [1, channels, height, width]. */
  readonly run: (picture: NdArray<'float32'>) => Promise<NdArray<'float32'>>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The autoencoder on one picture after the other: together they would take as many times the memory, which is the
 * autoencoder's bottleneck, and no less time on a processor.
 */
export async function runByPicture(
  pictures: NdArray<'float32'>,
  config: VaeConfig,
  { direction, tiling, run, signal }: PictureRun,
): Promise<NdArray<'float32'>> {
  const [count = 0, ...shape] = pictures.shape;
  const size = shape.reduce((product, each) => product * each, 1);
  const results: NdArray<'float32'>[] = [];
  for (let index = 0; index < count; index++) {
    signal?.throwIfAborted();
    const data = pictures.data.slice(index * size, (index + 1) * size);
    const picture = ndArray('float32', [1, ...shape], data);
    if (tiling === undefined) {
      results.push(await run(picture));
      continue;
    }
    const tiles = runTiled(picture, config, { direction, tiling, run, ...(signal && { signal }) });
    results.push(await resultOf(tiles));
  }
  return stackPictures(results);
}

/** [1, …] each, or [n, …] → [count, …] */
export function stackPictures(pictures: readonly NdArray<'float32'>[]): NdArray<'float32'> {
  if (pictures.length === 0) throw new Error('The autoencoder takes at least one picture, got none');
  return joinArrays(pictures);
}
