import { box } from '../drawing/path.ts';
import type { Marks } from './index.ts';

/** A chessboard that follows the part. */
export const checks: Marks = ({ length, girth }) => {
  const side = 5.5;
  const columns = Math.ceil(length / side) + 1;
  const rows = Math.ceil(girth / side) + 1;
  let path = '';
  for (let row = -rows; row < rows; row++) {
    for (let column = -columns; column < columns; column++) {
      if ((row + column) % 2 === 0) path += box(column * side, row * side, side, side);
    }
  }
  return path;
};
