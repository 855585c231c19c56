import { describe, expect, it } from 'vitest';
import {
  fromNested,
  full,
  type NdArray,
  ndArray,
  range,
  toNumbers,
} from '../../../src/engine/arrays/index.ts';
import { gradient } from '../../../src/engine/autodiff/index.ts';
import {
  add,
  cast,
  constant,
  divide,
  evaluate,
  exp,
  gather,
  greater,
  input,
  l2Normalize,
  max,
  maximum,
  minimum,
  multiply,
  negate,
  power,
  reshape,
  select,
  sin,
  spec,
  stopGradient,
  subtract,
  sum,
  type Tensor,
  tanh,
  topologicalOrder,
} from '../../../src/engine/graph/index.ts';

const scalars = (...names: string[]) => names.map((name) => input(name, spec([])));

const numbersOf = (tensors: readonly Tensor[], feeds: readonly (readonly [Tensor, NdArray | number])[]) =>
  evaluate(
    tensors,
    new Map(
      feeds.map(([tensor, value]) => [
        tensor,
        typeof value === 'number' ? full([], value, 'float64') : value,
      ]),
    ),
  ).map((array) => [...toNumbers(array)]);

/** The gradients of a function of x = 2 and y = 3. */
const slopesOf = (build: (x: Tensor, y: Tensor) => Tensor) => {
  const [x, y] = scalars('x', 'y') as [Tensor, Tensor];
  const slopes = gradient(build(x, y), [x, y]);
  return numbersOf(slopes, [
    [x, 2],
    [y, 3],
  ]).flat();
};

describe('a tensor that is used again', () => {
  it.each<[string, (x: Tensor, y: Tensor) => Tensor, number[]]>([
    ['x · x', (x) => multiply(x, x), [4, 0]],
    ['x + x + x', (x) => add(add(x, x), x), [3, 0]],
    ['x / x', (x) => divide(x, x), [0, 0]],
    ['x · y + x', (x, y) => add(multiply(x, y), x), [4, 2]],
    [
      'a diamond: (x y)² + 5 x y',
      (x, y) => {
        const top = multiply(x, y);
        return add(multiply(top, top), multiply(top, 5));
      },
      [3 * 17, 2 * 17],
    ],
    [
      'diamonds in a row: ((x²)²)²',
      (x) => {
        const second = multiply(x, x);
        const fourth = multiply(second, second);
        return multiply(fourth, fourth);
      },
      [8 * 2 ** 7, 0],
    ],
    ['x − stop(x) · y', (x, y) => subtract(x, multiply(stopGradient(x), y)), [1, -2]],
    ['all of it stopped', (x, y) => stopGradient(multiply(x, y)), [0, 0]],
    ['the loss itself', (x) => x, [1, 0]],
  ])('%s', (_, build, expected) => {
    expect(slopesOf(build)).toEqual(expected);
  });
});

describe('leaves', () => {
  const [x, y, z] = scalars('x', 'y', 'z') as [Tensor, Tensor, Tensor];
  const product = multiply(x, y);
  const loss = multiply(product, add(product, x)); // x²y² + x²y
  const feeds = [
    [x, 2],
    [y, 3],
    [z, 5],
  ] as const;

  it('may be values in between: the rest of the graph is held fixed', () => {
    // ∂(p² + p x)/∂p at p = 6, x = 2
    expect(numbersOf([gradient(loss, product)], feeds)).toEqual([[14]]);
  });

  it('may be a value and the parameter behind it: each gets its total derivative', () => {
    const slopes = gradient(loss, { product, x });
    expect(numbersOf([slopes.product, slopes.x], feeds)).toEqual([[14], [2 * 2 * 9 + 2 * 2 * 3]]);
  });

  it('that the loss does not depend on get zeros of their own shape and dtype', () => {
    const table = input('table', spec([2, 0, 3], 'float16'));
    const slopes = gradient(loss, [z, table]);
    expect(slopes.map(({ shape, dtype }) => ({ shape, dtype }))).toEqual([
      { shape: [], dtype: 'float32' },
      { shape: [2, 0, 3], dtype: 'float16' },
    ]);
    expect(numbersOf(slopes, feeds)).toEqual([[0], []]);
  });

  it('may lie in nested trees, whose form the gradient has', () => {
    const slopes = gradient(loss, { layers: [{ weight: x }, { weight: y, unused: [z] }] });
    expect(numbersOf([slopes.layers[0]!.weight, slopes.layers[1]!.weight], feeds)).toEqual([
      [2 * 2 * 9 + 2 * 2 * 3],
      [2 * 4 * 3 + 4],
    ]);
    expect(slopes).toHaveProperty('layers.1.unused.0.shape', []);
  });

  it('may be the same tensor twice', () => {
    const [first, second] = gradient(loss, [x, x]) as [Tensor, Tensor];
    expect(second).toBe(first);
  });

  it('may be none', () => {
    expect(gradient(loss, {})).toEqual({});
  });
});

describe('outputs that nothing uses', () => {
  it('add no work to the gradient', () => {
    const [x] = scalars('x') as [Tensor];
    const aside = exp(x);
    multiply(aside, aside);
    const slope = gradient(sin(x), x);
    expect(topologicalOrder([slope]).map(({ primitive }) => primitive)).not.toContain('exp');
  });

  it('contribute nothing to a tensor that the loss uses too', () => {
    const x = input('x', spec([4]));
    const kept = multiply(x, 2);
    gradient(sum(exp(kept)), x);
    expect(numbersOf([gradient(sum(kept), x)], [[x, range(4)]])).toEqual([[2, 2, 2, 2]]);
  });
});

describe('kinks', () => {
  const x = input('x', spec([3]));
  const tied = fromNested([1, 1, 0]);
  const at = (loss: Tensor, value: NdArray = tied) => numbersOf([gradient(loss, x)], [[x, value]])[0];
  const ones = constant(fromNested([1, 1, 1]));

  it.each<[string, Tensor, number[]]>([
    ['equal maxima share the gradient', max(x), [0.5, 0.5, 0]],
    ['the first of maximum takes it where both are equal', sum(maximum(x, ones)), [1, 1, 0]],
    ['the second of maximum does not', sum(maximum(ones, x)), [0, 0, 0]],
    ['the first of minimum takes it where both are equal', sum(minimum(x, ones)), [1, 1, 1]],
    ['the second of minimum does not', sum(minimum(ones, x)), [0, 0, 1]],
    ['a branch not taken adds nothing', sum(select(greater(x, 0.5), power(x, 3), x)), [3, 3, 1]],
  ])('%s', (_, loss, expected) => {
    expect(at(loss)).toEqual(expected);
  });

  it('l2Normalize has a finite gradient at zero', () => {
    expect(at(sum(multiply(l2Normalize(x, 0.5), ones)), fromNested([0, 0, 0]))).toEqual([2, 2, 2]);
  });
});

describe('gather', () => {
  it('adds up what goes to the rows that are taken again', () => {
    const table = input('table', spec([4, 2]));
    const rows = constant(ndArray('int64', [2, 3], BigInt64Array.from([1, 3, 1, 1, 0, 3], BigInt)));
    const weights = constant(
      ndArray(
        'float32',
        [2, 3, 2],
        Float32Array.from({ length: 12 }, (_, i) => i),
      ),
    );
    const slope = gradient(sum(multiply(gather(table, rows), weights)), table);
    expect(numbersOf([slope], [[table, full([4, 2], 1)]])).toEqual([
      [8, 9, 0 + 4 + 6, 1 + 5 + 7, 0, 0, 12, 14],
    ]);
  });
});

describe('dtypes', () => {
  it('a cotangent goes back through a cast in the dtype of the operand', () => {
    const half = input('half', spec([2], 'float16'));
    const slope = gradient(sum(multiply(cast(half, 'float32'), 3)), half);
    expect(slope.dtype).toBe('float16');
    expect(numbersOf([slope], [[half, full([2], 1, 'float16')]])).toEqual([[3, 3]]);
  });

  it('no cotangent goes through whole numbers', () => {
    const [x] = scalars('x') as [Tensor];
    const slope = gradient(multiply(x, cast(cast(x, 'int32'), 'float32')), x);
    expect(numbersOf([slope], [[x, 2.5]])).toEqual([[2]]);
  });
});

describe('a gradient of a gradient', () => {
  it.each<[string, (x: Tensor) => Tensor, number]>([
    ['x³', (x) => power(x, 3), 12],
    ['x² x', (x) => multiply(multiply(x, x), x), 12],
    ['sin x', sin, -Math.sin(2)],
    ['e^−x', (x) => exp(negate(x)), Math.exp(-2)],
    ['1 / x', (x) => divide(1, x), 0.25],
    ['tanh x', tanh, -2 * Math.tanh(2) * (1 - Math.tanh(2) ** 2)],
  ])('%s', (_, build, expected) => {
    const [x] = scalars('x') as [Tensor];
    const second = gradient(gradient(build(x), x), x);
    expect(numbersOf([second], [[x, 2]])[0]![0]).toBeCloseTo(expected, 12);
  });

  it('with respect to another leaf: the product of a Hessian and a vector', () => {
    const x = input('x', spec([2]));
    const direction = constant(fromNested([1, -2]));
    const [a, b] = [0, 1].map((row) => gather(x, constant(full([], row, 'int64')))) as [Tensor, Tensor];
    const loss = multiply(multiply(a, a), multiply(b, b)); // H = [[2b², 4ab], [4ab, 2a²]]
    const product = gradient(sum(multiply(gradient(loss, x), direction)), x);
    expect(numbersOf([product], [[x, fromNested([3, 5])]])).toEqual([[50 - 2 * 60, 60 - 2 * 18]]);
  });
});

describe('depth', () => {
  it('of 20,000 operations does not end the stack', () => {
    const [x] = scalars('x') as [Tensor];
    let y: Tensor = x;
    for (let i = 0; i < 10_000; i++) y = reshape(add(y, 1), i % 2 === 0 ? [1] : []);
    expect(numbersOf([gradient(sum(y), x), y], [[x, 2]])).toEqual([[1], [10_002]]);
  });

  it('of sixty diamonds takes time in proportion to the operations, not to the paths', () => {
    const [x] = scalars('x') as [Tensor];
    let y: Tensor = x;
    for (let i = 0; i < 60; i++) y = add(multiply(y, 0.5), multiply(y, 0.5));
    const slope = gradient(y, x);
    expect(topologicalOrder([slope]).length).toBeLessThan(60 * 8);
    expect(numbersOf([slope], [[x, 2]])).toEqual([[1]]);
  });
});
