import { formatShape, type NdArray, ndArray, zeros } from '../../engine/index.ts';
import { planTiles, type TileSpan, type Tiling } from './plan-tiles.ts';
import { pixelsPerCell, type VaeConfig } from './vae-config.ts';

export interface TiledRun {
  /** `encode` takes pixels and gives cells (mean and log variance, as channels), `decode` the reverse. */
  readonly direction: 'encode' | 'decode';
  readonly tiling: Tiling;
  /** Encodes or decodes one tile; all tiles have one shape. The result may have any number of channels. */
  readonly run: (tile: NdArray<'float32'>) => Promise<NdArray<'float32'>>;
  readonly signal?: AbortSignal;
}

/** A tile is done. */
export interface TileEvent {
  readonly kind: 'tile';
  readonly done: number;
  readonly total: number;
}

/**
 * Encodes or decodes a picture too large for memory, tile by tile, and blends the tiles (planTiles has the
 * formula). Each tile is normalized on its own and sees nothing beyond its edges, so the result differs a little
 * from that of the whole: diffusers' tiling does too. A picture no larger than a tile is computed whole.
 * @param input float32 [batch, channels, height, width]: pixels (multiples of 8 of them) or cells
 * @returns float32 [batch, channels of the tiles, height, width] in cells or pixels
 * @throws if the input is not made of whole cells, or a tile comes back with another shape
 */
export async function* runTiled(
  input: NdArray<'float32'>,
  config: VaeConfig,
  { direction, tiling, run, signal }: TiledRun,
): AsyncGenerator<TileEvent, NdArray<'float32'>> {
  const [batch, , height, width] = input.shape as [number, number, number, number];
  const perCell = pixelsPerCell(config);
  const [from, to] = direction === 'encode' ? [perCell, 1] : [1, perCell];
  if (input.shape.length !== 4 || height % from !== 0 || width % from !== 0) {
    const multiples = from === 1 ? '' : `, multiples of ${from}`;
    throw new Error(
      `runTiled: the input is [batch, channels, height, width]${multiples}, got ${formatShape(input.shape)}`,
    );
  }
  const rows = planTiles(height / from, tiling, to);
  const columns = planTiles(width / from, tiling, to);
  const total = rows.length * columns.length;
  let output: NdArray<'float32'> | undefined;
  let done = 0;
  for (const row of rows) {
    for (const column of columns) {
      signal?.throwIfAborted();
      const tile = await run(cut(input, row, column, from));
      checkTile(tile, [batch, row.length * to, column.length * to]);
      output ??= zeros([batch, tile.shape[1]!, (height / from) * to, (width / from) * to]);
      blend(output, tile, row, column, to);
      yield { kind: 'tile', done: ++done, total };
    }
  }
  return output!;
}

/** Tiles as large as the pictures of the training, a quarter of which is overlap, as diffusers has it. */
export function defaultTiling(config: VaeConfig): Tiling {
  const tile = Math.max(1, Math.floor(config.sampleSize / pixelsPerCell(config)));
  return { tile, overlap: Math.floor(tile / 4) };
}

function cut(input: NdArray<'float32'>, row: TileSpan, column: TileSpan, scale: number): NdArray<'float32'> {
  const [batch, channels, height, width] = input.shape as [number, number, number, number];
  const [rows, columns] = [row.length * scale, column.length * scale];
  const data = new Float32Array(batch * channels * rows * columns);
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = 0; y < rows; y++) {
      const start = (plane * height + row.start * scale + y) * width + column.start * scale;
      data.set(input.data.subarray(start, start + columns), (plane * rows + y) * columns);
    }
  }
  return ndArray('float32', [batch, channels, rows, columns], data);
}

/** Adds a tile's share to the output. */
function blend(
  output: NdArray<'float32'>,
  tile: NdArray<'float32'>,
  row: TileSpan,
  column: TileSpan,
  scale: number,
): void {
  const [, , height, width] = output.shape as [number, number, number, number];
  const [batch, channels, rows, columns] = tile.shape as [number, number, number, number];
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = 0; y < rows; y++) {
      const target = (plane * height + row.start * scale + y) * width + column.start * scale;
      const source = (plane * rows + y) * columns;
      for (let x = 0; x < columns; x++) {
        output.data[target + x]! += row.shares[y]! * column.shares[x]! * tile.data[source + x]!;
      }
    }
  }
}

function checkTile(
  { shape }: NdArray<'float32'>,
  [batch, height, width]: readonly [number, number, number],
): void {
  if (shape.length === 4 && shape[0] === batch && shape[2] === height && shape[3] === width) return;
  throw new Error(
    `runTiled: a tile should come back as [${batch}, any, ${height}, ${width}], got ${formatShape(shape)}`,
  );
}
