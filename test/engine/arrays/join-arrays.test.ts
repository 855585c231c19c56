import { expect, it } from 'vitest';
import { fromNested, joinArrays, type NestedNumbers } from '../../../src/engine/arrays/index.ts';

it.each<readonly [string, readonly NestedNumbers[], number, NestedNumbers]>([
  [
    'rows',
    [
      [[1, 2]],
      [
        [3, 4],
        [5, 6],
      ],
    ],
    0,
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  ],
  [
    'columns',
    [
      [[1], [2]],
      [
        [3, 4],
        [5, 6],
      ],
    ],
    1,
    [
      [1, 3, 4],
      [2, 5, 6],
    ],
  ],
  ['numbers', [[1], [2, 3]], 0, [1, 2, 3]],
  ['one array alone', [[[1, 2]]], 0, [[1, 2]]],
])('joins %s', (_, arrays, axis, expected) => {
  const joined = joinArrays(
    arrays.map((each) => fromNested(each)),
    axis,
  );
  expect(joined).toEqual(fromNested(expected));
});

it('refuses to join nothing', () => {
  expect(() => joinArrays([])).toThrow('joinArrays: expected at least one array, got none');
});
