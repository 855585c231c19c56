import { assert, integer, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NdArray, ndArray, normal, randomKey } from '../../../src/engine/index.ts';
import {
  defaultTiling,
  parseVaeConfig,
  planTiles,
  runTiled,
  type TiledRun,
  type TileEvent,
} from '../../../src/networks/vae/index.ts';

/** Four pixels a cell. */
const config = parseVaeConfig({
  down_block_types: new Array(3).fill('DownEncoderBlock2D'),
  up_block_types: new Array(3).fill('UpDecoderBlock2D'),
  sample_size: 33,
});

describe('planTiles', () => {
  it.each([
    [5, 8, 2, [0]],
    [8, 8, 2, [0]],
    [9, 8, 2, [0, 1]],
    [14, 8, 2, [0, 6]],
    [15, 8, 2, [0, 4, 7]],
    [16, 8, 0, [0, 8]],
  ])('covers %i cells by tiles of %i that share %i', (cells, tile, overlap, starts) => {
    expect(planTiles(cells, { tile, overlap }, 1).map(({ start }) => start)).toEqual(starts);
  });

  it('fades linearly where neighbours share just the overlap', () => {
    const [first, second] = planTiles(6, { tile: 4, overlap: 2 }, 2);
    expect([...first!.shares]).toEqual([1, 1, 1, 1, 0.875, 0.625, 0.375, 0.125]);
    expect([...second!.shares]).toEqual([0.125, 0.375, 0.625, 0.875, 1, 1, 1, 1]);
  });

  it('covers every position with shares that add up to 1, and overlaps as much as it promises', () => {
    const sizes = tuple(
      integer({ min: 1, max: 60 }),
      integer({ min: 1, max: 20 }),
      integer({ min: 0, max: 19 }),
    );
    assert(
      property(sizes, integer({ min: 1, max: 4 }), ([cells, tile, wanted], resolution) => {
        const overlap = Math.min(wanted, tile - 1);
        const plan = planTiles(cells, { tile, overlap }, resolution);
        const sums = new Float64Array(cells * resolution);
        for (const { start, shares } of plan) {
          shares.forEach((share, position) => {
            sums[start * resolution + position]! += share;
          });
        }
        for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
        plan.slice(1).forEach(({ start }, index) => {
          expect(plan[index]!.start + plan[index]!.length - start).toBeGreaterThanOrEqual(overlap);
        });
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('refuses an overlap as large as the tile', () => {
    expect(() => planTiles(9, { tile: 4, overlap: 4 }, 1)).toThrow(
      'planTiles: tiles are of a whole number of cells and overlap by less, got 4 and 4 on 9 cells',
    );
  });
});

/** Repeats every cell in four by four pixels, or keeps the first pixel of each. */
const resize = (input: NdArray<'float32'>, direction: 'encode' | 'decode'): NdArray<'float32'> => {
  const [batch, channels, height, width] = input.shape as [number, number, number, number];
  const scale = direction === 'decode' ? 4 : 1 / 4;
  const [rows, columns] = [height * scale, width * scale];
  const data = Float32Array.from({ length: batch * channels * rows * columns }, (_, index) => {
    const [x, y, plane] = [
      index % columns,
      Math.floor(index / columns) % rows,
      Math.floor(index / columns / rows),
    ];
    return input.data[(plane * height + Math.floor(y / scale)) * width + Math.floor(x / scale)]!;
  });
  return ndArray('float32', [batch, channels, rows, columns], data);
};

async function collect(input: NdArray<'float32'>, run: TiledRun) {
  const events: TileEvent[] = [];
  const tiles = runTiled(input, config, run);
  for (;;) {
    const next = await tiles.next();
    if (next.done) return { events, output: next.value };
    events.push(next.value);
  }
}

describe('runTiled', () => {
  const tiling = { tile: 6, overlap: 2 };

  it.each([
    ['decode', [2, 3, 15, 9]],
    ['decode', [1, 1, 4, 20]],
    ['encode', [2, 3, 60, 36]],
  ] as const)(
    'gives what a whole %s of %j gives, if that looks at one place at a time',
    async (direction, shape) => {
      const input = normal(randomKey(1), shape);
      const { output } = await collect(input, {
        direction,
        tiling,
        run: async (tile) => resize(tile, direction),
      });
      const whole = resize(input, direction);
      expect(output.shape).toEqual(whole.shape);
      output.data.forEach((value, index) => {
        expect(value).toBeCloseTo(whole.data[index]!, 5);
      });
    },
  );

  it('runs tiles of one shape and tells how far it is', async () => {
    const shapes = new Set<string>();
    const { events } = await collect(normal(randomKey(1), [1, 1, 15, 9]), {
      direction: 'decode',
      tiling,
      run: async (tile) => {
        shapes.add(`${tile.shape}`);
        return resize(tile, 'decode');
      },
    });
    expect([...shapes]).toEqual(['1,1,6,6']);
    expect(events.map(({ done, total }) => `${done}/${total}`)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((done) => `${done}/8`),
    );
  });

  it('stops between tiles', async () => {
    const stop = new AbortController();
    let runs = 0;
    const run = async (tile: NdArray<'float32'>) => {
      if (++runs === 2) stop.abort();
      return resize(tile, 'decode');
    };
    const tiled = collect(normal(randomKey(1), [1, 1, 15, 9]), {
      direction: 'decode',
      tiling,
      run,
      signal: stop.signal,
    });
    await expect(tiled).rejects.toThrow('aborted');
    expect(runs).toBe(2);
  });

  it('refuses pictures that are not made of whole cells, and tiles of another shape', async () => {
    const run = async (tile: NdArray<'float32'>) => tile;
    await expect(
      collect(normal(randomKey(1), [1, 3, 30, 8]), { direction: 'encode', tiling, run }),
    ).rejects.toThrow(
      'runTiled: the input is [batch, channels, height, width], multiples of 4, got [1, 3, 30, 8]',
    );
    await expect(
      collect(normal(randomKey(1), [1, 3, 5, 8]), { direction: 'decode', tiling, run }),
    ).rejects.toThrow('runTiled: a tile should come back as [1, any, 20, 24], got [1, 3, 5, 6]');
  });

  it('has tiles of the size of the training pictures, a quarter of them shared', () => {
    expect(defaultTiling(config)).toEqual({ tile: 8, overlap: 2 });
  });
});
