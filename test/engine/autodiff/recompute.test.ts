import { describe, expect, it } from 'vitest';
import { normal, randomKey, toNumbers } from '../../../src/engine/arrays/index.ts';
import { gradient } from '../../../src/engine/autodiff/index.ts';
import {
  evaluate,
  exp,
  input,
  multiply,
  print,
  recompute,
  simplify,
  sin,
  spec,
  sum,
  type Tensor,
  topologicalOrder,
  trace,
} from '../../../src/engine/graph/index.ts';

const plain = (build: () => Tensor) => build();

/** sin(e^(2x)) · x, the two inner functions marked or not. */
const loss = (x: Tensor, mark: (build: () => Tensor) => Tensor): Tensor => {
  const doubled = multiply(x, 2);
  return sum(
    multiply(
      mark(() => sin(exp(doubled))),
      x,
    ),
  );
};

describe('recompute', () => {
  it('computes its part again behind the cotangent, instead of keeping it', () => {
    const graph = trace((x: Tensor) => gradient(loss(x, recompute), x), spec([3]));
    expect(print(graph)).toMatchInlineSnapshot(`
      "%input float32[3] = input
      %0 float32[] = constant() {value: [2]}
      %1 float32[3] = multiply(%input, %0)
      %2 float32[3] = exp(%1)
      %3 float32[3] = sin(%2)
      %4 float32[3] = after(%1, %input)
      %5 float32[3] = exp(%4)
      %6 float32[3] = cos(%5)
      %7 float32[3] = multiply(%input, %6)
      %8 float32[3] = multiply(%7, %5)
      %9 float32[3] = multiply(%8, %0)
      %10 float32[3] = add(%3, %9)
      return %10"
    `);
  });

  it('without it, the forward value is kept', () => {
    const graph = trace((x: Tensor) => gradient(loss(x, plain), x), spec([3]));
    expect(print(graph)).toMatchInlineSnapshot(`
      "%input float32[3] = input
      %0 float32[] = constant() {value: [2]}
      %1 float32[3] = multiply(%input, %0)
      %2 float32[3] = exp(%1)
      %3 float32[3] = sin(%2)
      %4 float32[3] = cos(%2)
      %5 float32[3] = multiply(%input, %4)
      %6 float32[3] = multiply(%5, %2)
      %7 float32[3] = multiply(%6, %0)
      %8 float32[3] = add(%3, %7)
      return %8"
    `);
  });

  it.each<[string, (x: Tensor, y: Tensor) => Tensor]>([
    ['the value', (_, y) => y],
    ['the gradient', (x, y) => gradient(y, x)],
    // Computed by another order of additions: the second gradient meets the copies as well.
    ['the second gradient', (x, y) => gradient(sum(gradient(y, x)), x)],
  ])('does not change %s', (_, derive) => {
    const x = input('x', spec([50]));
    const feeds = new Map([[x as Tensor, normal(randomKey(1), [50])]]);
    const [kept, again] = [plain, recompute].map((mark) => {
      const [array] = evaluate([derive(x, loss(x, mark))], feeds);
      return toNumbers(array!);
    });
    again!.forEach((value, i) => {
      expect(Math.abs(value - kept![i]!)).toBeLessThanOrEqual(1e-14 * Math.abs(kept![i]!));
    });
  });

  it('keeps the copies apart where equal computations are shared', () => {
    const x = input('x', spec([3]));
    const y = loss(x, recompute);
    const outputs = simplify([y, gradient(y, x)]);
    const count = topologicalOrder(outputs).filter(({ primitive }) => primitive === 'exp').length;
    expect(count).toBe(2);
  });

  it('delays parameters only where nothing else is left to wait with', () => {
    const [weight, x] = [input('weight', spec([3])), input('x', spec([3]))];
    const y = sum(
      multiply(
        recompute(() => sin(multiply(weight, exp(x)))),
        3,
      ),
    );
    const order = topologicalOrder([gradient(y, weight)]);
    const delayed = order.filter(({ primitive }) => primitive === 'after').map(({ inputs }) => inputs[0]);
    expect(delayed).toContain(weight);
    const hidden = exp(x);
    const z = sum(
      multiply(
        recompute(() => sin(multiply(weight, hidden))),
        3,
      ),
    );
    const later = topologicalOrder([gradient(z, weight)]);
    expect(later.filter(({ primitive }) => primitive === 'after').map(({ inputs }) => inputs[0])).toEqual([
      hidden,
    ]);
  });

  it('counts the outermost mark where marks are nested', () => {
    const x = input('x', spec([3]));
    const regions = new Set<symbol | undefined>();
    recompute(() => {
      const inner = recompute(() => exp(x));
      regions.add(inner.region).add(sin(inner).region);
      return inner;
    });
    expect(regions.size).toBe(1);
    expect([...regions][0]).toBeTypeOf('symbol');
    expect(exp(x).region).toBeUndefined();
  });

  it('differentiates with respect to a value inside the part', () => {
    const x = input('x', spec([3]));
    let inside: Tensor | undefined;
    const y = sum(
      recompute(() => {
        inside = exp(x);
        return sin(inside);
      }),
    );
    const array = normal(randomKey(2), [3]);
    const [slope] = evaluate([gradient(y, inside!)], new Map([[x as Tensor, array]]));
    const expected = [...array.data].map((value) => Math.cos(Math.exp(value)));
    expect([...toNumbers(slope!)]).toEqual(expected);
  });
});
