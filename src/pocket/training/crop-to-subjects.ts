import { integers, type NdArray, ndArray, type RandomKey } from '../../engine/index.ts';

/** Side of the cells in which the subject's share is known, in pixels. */
const SUBJECT_CELL = 8;

/** Cells along a side of a picture, for `PictureStore.readMasks`. */
export const cellsOfSubject = (size: number): number => size / SUBJECT_CELL;

/** Squares drawn for each picture, of which the one with most of the subject is taken: details are there. */
const CANDIDATES = 3;

/**
 * A square of each picture.
 * @param pictures [batch, channels, size, size]
 * @param subjects the subject's share of each cell, [batch, cells]
 */
export function cropToSubjects(
  pictures: NdArray<'float32'>,
  subjects: NdArray<'float32'>,
  side: number,
  key: RandomKey,
): NdArray<'float32'> {
  const [batch, channels, size] = pictures.shape as [number, number, number, number];
  const starts = integers(key, [batch, CANDIDATES, 2], 0, size - side + 1).data;
  const data = new Float32Array(batch * channels * side * side);
  for (let item = 0; item < batch; item++) {
    const candidates = Array.from({ length: CANDIDATES }, (_, candidate) => {
      const at = 2 * (item * CANDIDATES + candidate);
      return { top: starts[at]!, left: starts[at + 1]! };
    });
    const shares = candidates.map((square) => subjectWithin(subjects, item, square, side));
    const { top, left } = candidates[shares.indexOf(Math.max(...shares))]!;
    for (let plane = item * channels; plane < (item + 1) * channels; plane++) {
      for (let row = 0; row < side; row++) {
        const start = (plane * size + top + row) * size + left;
        data.set(pictures.data.subarray(start, start + side), (plane * side + row) * side);
      }
    }
  }
  return ndArray('float32', [batch, channels, side, side], data);
}

/** The subject's shares of the cells whose middle lies in the square, together. */
function subjectWithin(
  subjects: NdArray<'float32'>,
  item: number,
  { top, left }: { readonly top: number; readonly left: number },
  side: number,
): number {
  const cells = subjects.shape[1]!;
  const columns = Math.sqrt(cells);
  const inside = (cell: number, start: number) => {
    const middle = (cell + 0.5) * SUBJECT_CELL;
    return middle >= start && middle < start + side;
  };
  let total = 0;
  for (let cell = 0; cell < cells; cell++) {
    if (inside(Math.floor(cell / columns), top) && inside(cell % columns, left)) {
      total += subjects.data[item * cells + cell]!;
    }
  }
  return total;
}
