import { describe, expect, it } from 'vitest';
import { fromNested, toNumbers } from '../../../src/engine/arrays/index.ts';
import {
  add,
  evaluate,
  exp,
  input,
  multiply,
  scope,
  spec,
  type Tensor,
  topologicalOrder,
  trace,
} from '../../../src/engine/graph/index.ts';

describe('trace', () => {
  it('hands out a tensor for each spec and keeps the names of both trees', () => {
    const specs = {
      layers: [{ weight: spec([2]) }, { weight: spec([3], 'float16') }],
      step: spec([], 'int64'),
    };
    const graph = trace(
      ({ layers, step }) => ({ w: layers.map(({ weight }) => weight), next: add(step, 1) }),
      specs,
    );
    expect(graph.inputs.map(([path, { dtype, shape }]) => [path, dtype, shape])).toEqual([
      ['layers.0.weight', 'float32', [2]],
      ['layers.1.weight', 'float16', [3]],
      ['step', 'int64', []],
    ]);
    expect(graph.outputs.map(([path]) => path)).toEqual(['w.0', 'w.1', 'next']);
  });

  it('takes a single spec and a single output, whose paths are empty', () => {
    const graph = trace((x: Tensor) => exp(x), spec([2]));
    expect([graph.inputs[0]![0], graph.outputs[0]![0]]).toEqual(['', '']);
  });

  it('keeps inputs that nothing reads and drops work that nothing needs', () => {
    const graph = trace(
      ({ x }: { x: Tensor; unused: Tensor }) => {
        exp(x);
        return multiply(x, 2);
      },
      { x: spec([2]), unused: spec([3]) },
    );
    expect(graph.inputs.map(([path]) => path)).toEqual(['x', 'unused']);
    const order = topologicalOrder(graph.outputs.map(([, tensor]) => tensor));
    expect(order.map(({ primitive }) => primitive)).not.toContain('exp');
  });

  it('does not keep the shape it was given, but a copy', () => {
    const shape = [2];
    const { inputs } = trace((x: Tensor) => x, { dtype: 'float32' as const, shape });
    shape[0] = 7;
    expect(inputs[0]![1].shape).toEqual([2]);
  });
});

describe('scope', () => {
  it('labels what is made within, and nothing after it, even if it throws', () => {
    const x = input('x', spec([2]));
    const inner = scope('unet', () => scope(0, () => exp(x)));
    expect(inner.scope).toBe('unet.0');
    expect(() =>
      scope('unet', () => {
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(exp(x).scope).toBe('');
  });
});

describe('topologicalOrder', () => {
  const x = input('x', spec([1]));
  const y = exp(x);
  const z = add(y, x);

  it('puts each tensor once, after its inputs', () => {
    expect(topologicalOrder([z, y])).toEqual([x, y, z]);
  });

  it('does not look behind sources', () => {
    expect(topologicalOrder([z], (tensor) => tensor === y)).toEqual([y, x, z]);
  });

  it('lets evaluate start from values in between', () => {
    const [value] = evaluate([multiply(y, 2)], new Map([[y, fromNested([3])]]));
    expect([...toNumbers(value!)]).toEqual([6]);
  });
});
