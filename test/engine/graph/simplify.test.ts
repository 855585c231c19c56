import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fromNested,
  full,
  type NdArray,
  normal,
  randomKey,
  type Shape,
  scalar,
  toNumbers,
  zeros,
} from '../../../src/engine/arrays/index.ts';
import {
  add,
  after,
  broadcast,
  concatenate,
  constant,
  divide,
  evaluate,
  exp,
  filled,
  input,
  maximum,
  multiply,
  negate,
  recompute,
  reshape,
  simplify,
  sin,
  slice,
  spec,
  stopGradient,
  subtract,
  sum,
  type Tensor,
  tanh,
  topologicalOrder,
  transpose,
} from '../../../src/engine/graph/index.ts';

const x = input('x', spec([2, 3]));
const y = input('y', spec([3]));
const number = (value: number) => constant(scalar(value));

describe('what changes nothing goes', () => {
  it.each<[string, Tensor, Tensor]>([
    ['x + 0', add(x, 0), x],
    ['0 + x', add(0, x), x],
    ['x + −0', add(x, -0), x],
    ['x − 0', subtract(x, 0), x],
    ['x · 1', multiply(x, 1), x],
    ['1 · x', multiply(1, x), x],
    ['x · a field of ones', multiply(x, filled([2, 3], 1)), x],
    ['x · ones of another rank', multiply(x, constant(full([1, 1], 1))), x],
    ['x / 1', divide(x, 1), x],
    ['−−x', negate(negate(x)), x],
    ['stopGradient', stopGradient(x), x],
    ['a reshape back', reshape(reshape(x, [6]), [2, 3]), x],
    ['a transpose back', transpose(transpose(x)), x],
    ['transposing nothing', transpose(x, [0, 1]), x],
    ['a slice of all', slice(x, { axis: 0 }), x],
    ['several of these', add(multiply(negate(negate(x)), 1), 0), x],
  ])('%s', (_, tensor, expected) => {
    expect(simplify([tensor])).toEqual([expected]);
    expect(simplify([tensor])[0]).toBe(expected);
  });

  it.each<[string, Tensor]>([
    ['0 − x', subtract(0, x)],
    ['1 / x', divide(1, x)],
    ['x · 0', multiply(x, 0)],
    ['a row + a matrix of zeros, which stretches it', add(y, filled([2, 3], 0))],
    ['a row · a matrix of ones, which stretches it', multiply(filled([2, 3], 1), y)],
    ['−x', negate(x)],
    ['after', after(x, y)],
  ])('%s stays', (_, tensor) => {
    expect(simplify([tensor])[0]!.primitive).toBe(tensor.primitive);
  });

  it('two reshapes or transposes become one', () => {
    const cube = input('cube', spec([2, 3, 4]));
    const [first, second] = simplify([
      reshape(reshape(cube, [6, 4]), [3, 8]),
      transpose(transpose(cube, [1, 2, 0]), [1, 2, 0]),
    ]) as [Tensor, Tensor];
    expect([first.inputs, first.shape]).toEqual([[cube], [3, 8]]);
    expect([second.inputs, second.attributes]).toEqual([[cube], { permutation: [2, 0, 1] }]);
  });
});

describe('what is equal is computed once', () => {
  const same = (a: Tensor, b: Tensor) => {
    const [first, second] = simplify([a, b]);
    return first === second;
  };
  const large = fromNested(Array.from({ length: 5000 }, (_, i) => i));

  it.each<[string, Tensor, Tensor, boolean]>([
    ['the same operation', exp(x), exp(x), true],
    ['the same chain', sin(exp(add(x, y))), sin(exp(add(x, y))), true],
    ['another operation', exp(x), sin(x), false],
    ['other operands', subtract(x, y), subtract(y, x), false],
    ['other attributes', sum(x, { axes: [0] }), sum(x, { axes: [1] }), false],
    ['equal small constants', multiply(x, number(2)), multiply(x, number(2)), true],
    ['constants of other dtypes', constant(zeros([1], 'int32')), constant(zeros([1])), false],
    ['constants of other shapes', constant(zeros([1, 2])), constant(zeros([2])), false],
    ['0 and −0', number(0), number(-0), false],
    ['one large constant', constant(large), constant(large), true],
    [
      'equal large constants, which are not compared',
      constant(large),
      constant({ ...large, data: large.data.slice() }),
      false,
    ],
    ['inputs of one name', input('a', spec([])), input('a', spec([])), false],
    ['recomputed copies', exp(after(x, y)), exp(x), false],
  ])('%s', (_, a, b, expected) => {
    expect(same(a, b)).toBe(expected);
  });

  it('marks for recomputation alone do not keep two computations apart', () => {
    expect(
      same(
        recompute(() => exp(x)),
        exp(x),
      ),
    ).toBe(true);
  });
});

describe('what is known is computed ahead', () => {
  it.each<[string, Tensor, number[]]>([
    ['of numbers', exp(multiply(number(0.5), 2)), [Math.fround(Math.E)]],
    ['of a field', reshape(constant(fromNested([[1], [2]])), [2]), [1, 2]],
    ['of nothing, whatever it depends on', exp(slice(x, { axis: 0, end: 0 })), []],
  ])('%s', (_, tensor, expected) => {
    const [folded] = simplify([tensor]);
    expect(folded!.primitive).toBe('constant');
    expect([...toNumbers(evaluate([folded!])[0]!)]).toEqual(expected);
    expect(folded).toMatchObject({ shape: tensor.shape, dtype: tensor.dtype });
  });

  it.each<[string, Tensor]>([
    ['a large result', sin(broadcast(number(1), [100, 100]))],
    ['a broadcast', broadcast(number(1), [3])],
    ['a large operand', sum(constant(zeros([5000])))],
  ])('but not %s', (_, tensor) => {
    expect(simplify([tensor])[0]!.primitive).toBe(tensor.primitive);
  });
});

/** A program of random operations on a stack of matrices; each index picks among what is there already. */
interface Step {
  readonly operation: number;
  readonly first: number;
  readonly second: number;
}

const shapes: readonly Shape[] = [[2, 3], [3], [], [2, 1], [1, 3]];
const inputs = shapes.map((shape, index) => input(`${index}`, spec(shape)));
const feeds = new Map<Tensor, NdArray>(
  inputs.map((tensor, i) => [tensor, normal(randomKey(i), tensor.shape)]),
);

const operations: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  add,
  subtract,
  multiply,
  maximum,
  (a) => negate(a),
  (a) => add(a, 0),
  (a) => multiply(1, a),
  (a) => subtract(a, 0),
  (a) => divide(a, 1),
  (a) => tanh(a),
  (a) => sum(a, { keepAxes: true }),
  (a) => (a.rank === 0 ? a : sum(a, { axes: [-1] })),
  (a) => transpose(a),
  (a) => reshape(a, [-1]),
  (a) => reshape(a, [1, ...a.shape]),
  (a) => (a.rank === 0 ? a : slice(a, { axis: 0, end: 1 })),
  (a) => (a.rank === 0 ? a : concatenate([a, a], 0)),
  (a) => broadcast(a, [2, ...a.shape]),
  (a) => stopGradient(a),
  (a, b) => after(a, b),
  (a) => add(a, filled(a.shape, 0)),
  (a) => multiply(a, filled([2, ...a.shape], 1)),
  () => number(0.5),
  () => number(0),
  () => constant(fromNested([1, 1, 1])),
];

const steps = fc.array(
  fc.record<Step>({ operation: fc.nat(operations.length - 1), first: fc.nat(99), second: fc.nat(99) }),
  { minLength: 1, maxLength: 12 },
);

function build(program: readonly Step[]): Tensor[] {
  const tensors: Tensor[] = [...inputs];
  for (const { operation, first, second } of program) {
    const [a, b] = [tensors[first % tensors.length]!, tensors[second % tensors.length]!];
    try {
      const next = operations[operation]!(a, b);
      if (next.shape.reduce((size, n) => size * n, 1) <= 500) tensors.push(next);
    } catch {
      // The shapes do not broadcast: this step does nothing.
    }
  }
  return tensors;
}

describe('simplify', () => {
  it('never changes a value, a shape or a dtype', () => {
    fc.assert(
      fc.property(steps, (program) => {
        const before = build(program);
        const after = simplify(before);
        const [expected, found] = [evaluate(before, feeds), evaluate(after, feeds)];
        before.forEach(({ shape, dtype }, i) => {
          expect(after[i]).toMatchObject({ shape, dtype });
          // Constants that are computed ahead are rounded to float32.
          toNumbers(expected[i]!).forEach((value, at) => {
            expect(Math.abs(toNumbers(found[i]!)[at]! - value)).toBeLessThanOrEqual(
              1e-6 * (1 + Math.abs(value)),
            );
          });
        });
      }),
      { numRuns: 300 },
    );
  });

  it('finds nothing more the second time', () => {
    fc.assert(
      fc.property(steps, (program) => {
        const once = simplify(build(program));
        expect(topologicalOrder(simplify(once)).length).toBe(topologicalOrder(once).length);
      }),
    );
  });

  it('never makes a graph larger', () => {
    fc.assert(
      fc.property(steps, (program) => {
        const before = build(program);
        expect(topologicalOrder(simplify(before)).length).toBeLessThanOrEqual(
          topologicalOrder(before).length,
        );
      }),
    );
  });
});
