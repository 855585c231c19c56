import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { full, ndArray } from '../../../../src/engine/arrays/index.ts';
import { squaredDistances } from '../../../../src/methods/editing/mask/distance-transform.ts';
import { otsuThreshold } from '../../../../src/methods/editing/mask/otsu-threshold.ts';
import { fillHoles, largestRegion } from '../../../../src/methods/editing/mask/regions.ts';
import { type Plane, resizePlane } from '../../../../src/methods/editing/mask/resize-plane.ts';
import { softenRegion } from '../../../../src/methods/editing/mask/soften-region.ts';
import { subjectRegion } from '../../../../src/methods/editing/mask/subject-region.ts';

/** Digits are tenths, # is 1 and . is 0. */
const plane = (...rows: string[]): Plane =>
  ndArray(
    'float32',
    [rows.length, rows[0]!.length],
    Float32Array.from(rows.join(''), (cell) => (cell === '#' ? 1 : cell === '.' ? 0 : Number(cell) / 10)),
  );

const draw = ({ shape, data }: Plane): string[] =>
  Array.from({ length: shape[0]! }, (_, row) =>
    [...data.slice(row * shape[1]!, (row + 1) * shape[1]!)].map((cell) => (cell > 0 ? '#' : '.')).join(''),
  );

const anyPlane = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([height, width]) =>
    fc
      .array(fc.constantFrom(0, 1), { minLength: height * width, maxLength: height * width })
      .map((cells) => ndArray('float32', [height, width], Float32Array.from(cells))),
  );

describe('the largest region', () => {
  it('is the one that weighs most, corners touching', () => {
    const drawn = plane('##...', '##.#.', '...#.', '....#', '#...#');
    const count = full(drawn.shape, 1).data;
    expect(draw(largestRegion(drawn, count))).toEqual(['##...', '##...', '.....', '.....', '.....']);
    const heavy = count.map((_, cell) => (cell % 5 >= 3 ? 2 : 1));
    expect(draw(largestRegion(drawn, heavy))).toEqual(['.....', '...#.', '...#.', '....#', '....#']);
  });

  it('of nothing is nothing', () => {
    expect(draw(largestRegion(plane('..', '..'), new Float32Array(4)))).toEqual(['..', '..']);
  });
});

describe('filling holes', () => {
  it('fills what edges do not join to the border', () => {
    const drawn = plane('.###.', '#.#.#', '#...#', '.#.#.', '..#..');
    expect(draw(fillHoles(drawn))).toEqual(['.###.', '#####', '#####', '.###.', '..#..']);
    const open = plane('##.##', '#...#', '#####');
    expect(draw(fillHoles(open))).toEqual(draw(open));
  });
});

describe('squared distances', () => {
  it('are those of a search over all cells', () => {
    fc.assert(
      fc.property(anyPlane, ({ shape, data }) => {
        const [height, width] = shape as [number, number];
        const found = squaredDistances([height, width], (cell) => data[cell] === 1);
        found.forEach((distance, cell) => {
          let least = Number.POSITIVE_INFINITY;
          data.forEach((value, other) => {
            const rows = Math.floor(cell / width) - Math.floor(other / width);
            if (value === 1) least = Math.min(least, rows ** 2 + ((cell % width) - (other % width)) ** 2);
          });
          expect(distance).toBe(least);
        });
      }),
    );
  });
});

describe('softening a region', () => {
  const dot = plane('.......', '...#...', '.......');

  it('grows it, and falls to 0 over the feather', () => {
    expect(draw(softenRegion(dot, { grow: 0, feather: 0 }))).toEqual(draw(dot));
    expect(draw(softenRegion(dot, { grow: 1, feather: 0 }))).toEqual(['...#...', '..###..', '...#...']);
    const row = [...softenRegion(dot, { grow: 1, feather: 2 }).data.slice(7, 14)];
    expect(row).toEqual([0, 0.5, 1, 1, 1, 0.5, 0]);
  });

  it('shrinks it', () => {
    const block = plane('.....', '.###.', '.###.', '.###.', '.....');
    expect(draw(softenRegion(block, { grow: -1, feather: 0 }))).toEqual([
      '.....',
      '.....',
      '..#..',
      '.....',
      '.....',
    ]);
  });

  it('leaves nothing nothing, and everything everything', () => {
    expect(draw(softenRegion(plane('..'), { grow: 3, feather: 3 }))).toEqual(['..']);
    expect([...softenRegion(plane('##'), { grow: -3, feather: 3 }).data]).toEqual([1, 1]);
  });

  it('refuses a feather below 0', () => {
    expect(() => softenRegion(dot, { grow: 0, feather: -1 })).toThrow('has a feather ≥ 0, got 0 and -1');
    expect(() => softenRegion(dot, { grow: Number.NaN, feather: 1 })).toThrow('got NaN and 1');
  });
});

describe("Otsu's threshold", () => {
  it('lies between two heaps', () => {
    expect(otsuThreshold(Float32Array.of(0, 0.125, 0.25, 0.75, 1))).toBe(0.5);
    expect(otsuThreshold(Float32Array.of(5, 1))).toBe(3);
  });

  it('is undefined where all values are equal', () => {
    for (const values of [[], [2], [2, 2, 2]])
      expect(otsuThreshold(Float32Array.from(values))).toBeUndefined();
  });

  it('has the largest variance between the classes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 2, maxLength: 40 }), (values) => {
        const between = (threshold: number) => {
          const [low, high] = [values.filter((v) => v <= threshold), values.filter((v) => v > threshold)];
          const average = (list: number[]) => list.reduce((sum, v) => sum + v, 0) / list.length;
          return low.length === 0 || high.length === 0
            ? 0
            : low.length * high.length * (average(low) - average(high)) ** 2;
        };
        const threshold = otsuThreshold(Float32Array.from(values));
        const best = Math.max(...values.map(between));
        if (threshold === undefined) expect(best).toBe(0);
        else expect(between(threshold)).toBeCloseTo(best, 6);
      }),
    );
  });
});

describe('the region of a subject', () => {
  it('is what stands out, coherent and without holes', () => {
    const map = plane('1111111', '1999118', '1919111', '1999111', '1111111');
    const { region, threshold } = subjectRegion(map);
    expect(draw(region)).toEqual(['.......', '.###...', '.###...', '.###...', '.......']);
    expect(threshold).toBeCloseTo(0.45);
    expect(draw(subjectRegion(map, 0.85).region)[1]).toBe('.###...');
    expect(draw(subjectRegion(map, 0.05).region)).toEqual(new Array(5).fill('#######'));
  });

  it.each([
    [1, 1],
    [3, 2],
  ])('is everything where the map has one value: %i x %i', (height, width) => {
    const { region, threshold } = subjectRegion(full([height, width], 0));
    expect([...region.data]).toEqual(new Array(height * width).fill(1));
    expect(threshold).toBeUndefined();
  });

  it('refuses a threshold that nothing exceeds', () => {
    expect(() => subjectRegion(plane('1#'), 1)).toThrow('a threshold lies in 0 … 1, below 1, got 1');
  });
});

describe('resizing a plane', () => {
  it.each(['triangle', 'cubic'] as const)('keeps constants, and sizes that stay: %s', (filter) => {
    for (const size of [
      [1, 1],
      [7, 2],
      [3, 50],
    ] as const) {
      for (const value of resizePlane(full([5, 9], 0.3), size, filter).data)
        expect(value).toBeCloseTo(0.3, 5);
    }
    const same = plane('12', '34');
    expect(resizePlane(same, [2, 2], filter)).toEqual(same);
  });

  it('interpolates between centres, and averages what it shrinks', () => {
    const wide = resizePlane(ndArray('float32', [1, 2], Float32Array.of(0, 1)), [1, 4]);
    expect([...wide.data]).toEqual([0, 0.25, 0.75, 1]);
    const narrow = resizePlane(ndArray('float32', [4, 1], Float32Array.of(0, 0, 1, 1)), [1, 1]);
    expect(narrow.data[0]).toBeCloseTo(0.5, 6);
  });

  it('triangles stay in the range', () => {
    fc.assert(
      fc.property(anyPlane, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), (any, h, w) => {
        for (const value of resizePlane(any, [h, w]).data) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + 1e-6);
        }
      }),
    );
  });
});
