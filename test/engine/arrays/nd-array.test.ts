import { describe, expect, it } from 'vitest';
import {
  castArray,
  type DType,
  fromNested,
  full,
  isNdArray,
  type NdArray,
  type NestedNumbers,
  ndArray,
  range,
  type Shape,
  scalar,
  toNumbers,
  zeros,
} from '../../../src/engine/arrays/index.ts';

const values = (array: NdArray): (number | bigint)[] => [...array.data];

describe('ndArray', () => {
  it('wraps data without copying it', () => {
    const data = Float32Array.of(1, 2);
    expect(ndArray('float32', [2], data).data).toBe(data);
  });

  it.each<[Shape, number, string]>([
    [[2, 3], 5, 'ndArray: shape [2, 3] describes 6 elements, got 5'],
    [[-1, 3], 3, 'ndArray: a shape is made of whole numbers ≥ 0, got [-1, 3]'],
    [[1.5, 2], 3, 'ndArray: a shape is made of whole numbers ≥ 0, got [1.5, 2]'],
    [[Number.NaN], 1, 'ndArray: a shape is made of whole numbers ≥ 0, got [NaN]'],
  ])('refuses the shape %j for %d elements', (shape, length, message) => {
    expect(() => ndArray('float32', shape, new Float32Array(length))).toThrow(new Error(message));
  });

  it('refuses data of another type', () => {
    expect(() => ndArray<DType>('int64', [1], Float32Array.of(1))).toThrow(
      new Error('ndArray: int64 data is a BigInt64Array, got Float32Array'),
    );
  });
});

describe('fromNested', () => {
  it.each<[NestedNumbers, Shape]>([
    [5, []],
    [[], [0]],
    [
      [[], []],
      [2, 0],
    ],
    [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [2, 3],
    ],
  ])('%j has the shape %j', (nested, shape) => {
    expect(fromNested(nested).shape).toEqual(shape);
  });

  it.each<[NestedNumbers, string]>([
    [[[1, 2], [3]], '[2, 2]'],
    [[[1, 2], [3], [4, 5, 6]], '[3, 2]'],
    [[1, [2]], '[2]'],
    [[[1], 2], '[2, 1]'],
    [[[], [1]], '[2, 0]'],
  ])('refuses %j, whose rows differ', (nested, shape) => {
    expect(() => fromNested(nested)).toThrow(
      new Error(`fromNested: rows differ in length; the first ones give ${shape}`),
    );
  });
});

describe('makers', () => {
  it.each<[string, NdArray, NdArray]>([
    ['scalar', scalar(2), ndArray('float32', [], Float32Array.of(2))],
    ['zeros', zeros([2], 'int64'), ndArray('int64', [2], BigInt64Array.of(0n, 0n))],
    ['range', range(3, 'int32'), ndArray('int32', [3], Int32Array.of(0, 1, 2))],
    ['full in float32', full([2], 0.1), ndArray('float32', [2], Float32Array.of(0.1, 0.1))],
    ['full in float64, unrounded', full([1], 0.1, 'float64'), ndArray('float64', [1], Float64Array.of(0.1))],
    [
      'full in int32 beyond 2^24',
      full([1], 16_777_217, 'int32'),
      ndArray('int32', [1], Int32Array.of(16_777_217)),
    ],
    ['full in float16', full([1], 1, 'float16'), ndArray('float16', [1], Uint16Array.of(0x3c00))],
    ['full in bool', full([2], 7, 'bool'), ndArray('bool', [2], Uint8Array.of(1, 1))],
    ['full of nothing', full([0, 2], 7), ndArray('float32', [0, 2], new Float32Array(0))],
  ])('%s', (_, made, expected) => {
    expect(made).toEqual(expected);
  });
});

describe('castArray', () => {
  const mixed = ndArray('float64', [4], Float64Array.of(-1.75, 0, 0.5, 200));

  it.each<[DType, (number | bigint)[]]>([
    ['float32', [-1.75, 0, 0.5, 200]],
    ['float16', [0xbf00, 0, 0x3800, 0x5a40]],
    ['bfloat16', [0xbfe0, 0, 0x3f00, 0x4348]],
    ['int64', [-1n, 0n, 0n, 200n]],
    ['int32', [-1, 0, 0, 200]],
    ['bool', [1, 0, 1, 1]],
  ])('to %s', (dtype, expected) => {
    expect(values(castArray(mixed, dtype))).toEqual(expected);
  });

  it('returns the same object when there is nothing to do', () => {
    expect(castArray(mixed, 'float64')).toBe(mixed);
  });

  it.each<DType>(['float32', 'float64', 'float16', 'bfloat16', 'int64', 'int32', 'uint8'])(
    'brings 0 … 5 through %s and back',
    (dtype) => {
      expect([...toNumbers(castArray(range(6), dtype))]).toEqual([0, 1, 2, 3, 4, 5]);
    },
  );
});

describe('isNdArray', () => {
  it.each<[unknown, boolean]>([
    [scalar(1), true],
    [{ dtype: 'float32', shape: [] }, false],
    [null, false],
    [7, false],
  ])('of %j is %s', (value, answer) => {
    expect(isNdArray(value)).toBe(answer);
  });
});
