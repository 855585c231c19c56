import { expect, test } from 'vitest';
import { fold, ndArray, randomKey, zeros } from '../../../src/engine/index.ts';
import { cellsOfSubject, cropToSubjects } from '../../../src/pocket/training/crop-to-subjects.ts';

const size = 64;
const side = 32;
const cells = cellsOfSubject(size);

/** Pictures whose pixels tell their places, and subjects that fill the upper left quarter. */
const batch = 6;
const pictures = ndArray(
  'float32',
  [batch, 1, size, size],
  Float32Array.from({ length: batch * size * size }, (_, at) => at % (size * size)),
);
const subjects = ndArray(
  'float32',
  [batch, cells * cells],
  Float32Array.from({ length: batch * cells * cells }, (_, at) => {
    const [row, column] = [Math.floor((at % (cells * cells)) / cells), at % cells];
    return row < cells / 2 && column < cells / 2 ? 1 : 0;
  }),
);

const cropsAt = (step: number, shares = subjects) =>
  cropToSubjects(pictures, shares, side, fold(randomKey(3), step));

/** Row and column of a crop's first pixel. */
const cornerOf = (crops: ReturnType<typeof cropsAt>, item: number) => {
  const first = crops.data[item * side * side]!;
  return [Math.floor(first / size), first % size] as const;
};

test('squares are whole pieces of their pictures', () => {
  const crops = cropsAt(0);
  expect(crops.shape).toEqual([batch, 1, side, side]);
  for (let item = 0; item < batch; item++) {
    const [top, left] = cornerOf(crops, item);
    const last = crops.data[(item + 1) * side * side - 1];
    expect(last).toBe((top + side - 1) * size + left + side - 1);
  }
});

test('squares are drawn to the subject, and the same for the same key', () => {
  const corners = (shares?: typeof subjects) =>
    Array.from({ length: 40 }, (_, step) => cropsAt(step, shares)).flatMap((crops) =>
      Array.from({ length: batch }, (_, item) => cornerOf(crops, item)),
    );
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const drawn = corners();
  const anywhere = corners(zeros(subjects.shape));
  for (const axis of [0, 1] as const) {
    expect(mean(anywhere.map((corner) => corner[axis]))).toBeCloseTo((size - side) / 2, -0.5);
    expect(mean(drawn.map((corner) => corner[axis]))).toBeLessThan(12);
  }
  expect(cropsAt(7).data).toEqual(cropsAt(7).data);
});
