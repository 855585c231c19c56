import type { Shape } from '../arrays/index.ts';

/** What an optimizer takes a variable for: elements by themselves, or a matrix [rows, columns]. */
export type UpdateForm = 'elements' | 'matrix';

/** Output channels, and the rest; a variable of fewer than two axes is no matrix. */
export const matrixShape = (shape: Shape): readonly [rows: number, columns: number] =>
  shape.length < 2 ? [1, 1] : [shape[0]!, shape.slice(1).reduce((size, side) => size * side, 1)];
