import { describe, expect, it } from 'vitest';
import { normal, randomKey, toNumbers } from '../../../src/engine/arrays/index.ts';
import { gradient } from '../../../src/engine/autodiff/index.ts';
import {
  attention,
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

  it('computes a part inside a part a third time, from the second computation of the outer one', () => {
    const x = input('x', spec([3]));
    const nested = recompute(() => sin(recompute(() => exp(multiply(x, x)))));
    const y = sum(multiply(nested, 3));
    const order = topologicalOrder(simplify([y, gradient(y, x)]));
    const count = (primitive: string) => order.filter((tensor) => tensor.primitive === primitive).length;
    expect({ exp: count('exp'), sin: count('sin'), cos: count('cos') }).toEqual({ exp: 3, sin: 1, cos: 1 });
  });

  it('does not keep what an inner part made for the outer one', () => {
    const x = input('x', spec([3]));
    let inside: Tensor | undefined;
    const nested = recompute(() => {
      const before = multiply(x, x);
      inside = recompute(() => exp(sin(before)));
      return sin(inside);
    });
    const slope = gradient(sum(nested), x);
    const order = topologicalOrder([slope]);
    const sines = order.filter(({ primitive, inputs }) => primitive === 'sin' && inputs[0] !== inside);
    const readers = sines.map((sine) => order.filter(({ inputs }) => inputs.includes(sine)).length);
    // Forward values have one reader each; only the innermost copy is read by gradients too.
    expect(readers.filter((count) => count > 1).length).toBeLessThanOrEqual(1);
  });

  it('gives tensors the innermost part', () => {
    const x = input('x', spec([3]));
    const [outer, inner] = recompute(() => {
      const inner = recompute(() => exp(x));
      return [sin(inner), inner];
    }) as [Tensor, Tensor];
    expect(inner.region?.outer).toBe(outer.region);
    expect(outer.region?.outer).toBeUndefined();
    expect(exp(x).region).toBeUndefined();
  });

  it.each<[string, (x: Tensor, y: Tensor) => Tensor]>([
    ['the gradient', (x, y) => gradient(y, x)],
    ['the second gradient', (x, y) => gradient(sum(gradient(y, x)), x)],
  ])('of parts inside a part does not change %s', (_, derive) => {
    const x = input('x', spec([50]));
    const feeds = new Map([[x as Tensor, normal(randomKey(1), [50])]]);
    const build = (mark: (build: () => Tensor) => Tensor) =>
      mark(() => {
        const first = mark(() => sin(exp(x)));
        const second = mark(() => multiply(first, sin(first)));
        return multiply(sum(multiply(first, second)), sum(sin(second)));
      });
    const [kept, again] = [plain, recompute].map((mark) =>
      toNumbers(evaluate([derive(x, build(mark))], feeds)[0]!),
    );
    again!.forEach((value, i) => {
      expect(Math.abs(value - kept![i]!)).toBeLessThanOrEqual(1e-12 * Math.abs(kept![i]!));
    });
  });

  it('does not change the gradients of attention in blocks, inside a part or not', () => {
    const [query, key, value] = ['query', 'key', 'value'].map((name) => input(name, spec([2, 6, 4]))) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const feeds = new Map(
      [query, key, value].map((tensor, i) => [tensor, normal(randomKey(i), [2, 6, 4])] as const),
    );
    const ways = [
      () => attention(query, key, value),
      () => attention(query, key, value, { blockSize: 12 }),
      () => recompute(() => attention(sin(query), key, value, { blockSize: 12 })),
      () => recompute(() => attention(sin(query), key, value)),
    ].map((build) => {
      const attended = build();
      const slopes = gradient(sum(multiply(attended, attended)), { query, key, value });
      return evaluate(Object.values(slopes), feeds).flatMap((array) => [...toNumbers(array)]);
    });
    for (const [blocks, whole] of [
      [ways[1]!, ways[0]!],
      [ways[2]!, ways[3]!],
    ] as const) {
      blocks.forEach((slope, i) => {
        expect(Math.abs(slope - whole[i]!)).toBeLessThanOrEqual(1e-12);
      });
    }
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
