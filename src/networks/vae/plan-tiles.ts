/** Sizes in latent cells; a picture has 8 pixels a cell. */
export interface Tiling {
  /** Height and width of a tile. */
  readonly tile: number;
  /** The least that neighbours share, over which one fades into the other. */
  readonly overlap: number;
}

/** One tile along one axis. */
export interface TileSpan {
  /** First position, in cells. */
  readonly start: number;
  /** Length in cells: the same for all tiles of a plan, so that one program serves them. */
  readonly length: number;
  /** Share of the tile in each position of the result; at each position the shares of all tiles add up to 1. */
  readonly shares: Float32Array;
}

/**
 * Covers an axis with as few tiles as the overlap allows, spread evenly from one end to the other.
 *
 * A tile's weight at its position p, of n, is min(1, (p + ½) / o, (n − p − ½) / o), where o is the overlap and an
 * end of the axis does not count; its share is its weight divided by the sum of the weights there. Where
 * neighbours share just the overlap this is a linear fade, as in diffusers' tiled autoencoder.
 *
 * @param cells length of the axis
 * @param resolution positions of the result a cell: 8 when decoding, 1 when encoding
 */
export function planTiles(cells: number, { tile, overlap }: Tiling, resolution: number): readonly TileSpan[] {
  const isWhole = (value: number, least: number) => Number.isInteger(value) && value >= least;
  if (!isWhole(cells, 1) || !isWhole(tile, 1) || !isWhole(overlap, 0) || overlap >= tile) {
    throw new Error(
      `planTiles: tiles are of a whole number of cells and overlap by less, got ${tile} and ${overlap} on ${cells} cells`,
    );
  }
  const length = Math.min(tile, cells);
  const count = Math.max(1, Math.ceil((cells - overlap) / (tile - overlap)));
  const starts =
    cells <= tile
      ? [0]
      : Array.from({ length: count }, (_, index) => Math.round((index * (cells - tile)) / (count - 1)));
  const weights = starts.map((start) =>
    weigh({ start, length, cells, fade: Math.max(overlap, 1) * resolution, resolution }),
  );
  const sums = new Float32Array(cells * resolution);
  starts.forEach((start, index) => {
    weights[index]!.forEach((weight, position) => {
      sums[start * resolution + position]! += weight;
    });
  });
  return starts.map((start, index) => ({
    start,
    length,
    shares: weights[index]!.map((weight, position) => weight / sums[start * resolution + position]!),
  }));
}

interface Weighing {
  readonly start: number;
  readonly length: number;
  readonly cells: number;
  /** Positions over which the weight rises. */
  readonly fade: number;
  readonly resolution: number;
}

function weigh({ start, length, cells, fade, resolution }: Weighing): Float32Array {
  const positions = length * resolution;
  const rises = start > 0;
  const falls = start + length < cells;
  return Float32Array.from({ length: positions }, (_, position) => {
    const up = rises ? (position + 0.5) / fade : 1;
    const down = falls ? (positions - position - 0.5) / fade : 1;
    return Math.min(1, up, down);
  });
}
