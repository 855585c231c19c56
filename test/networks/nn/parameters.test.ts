import { describe, expect, it } from 'vitest';
import { input, spec, unflatten } from '../../../src/engine/index.ts';
import {
  enter,
  linearLayer,
  nearestName,
  optionalParameter,
  parameter,
  parametersOf,
} from '../../../src/networks/nn/index.ts';

const tensor = (name: string, shape: readonly number[]) => input(name, spec(shape));
const weight = tensor('weight', [3, 2]);

describe('A parameter is found by its name on disk', () => {
  it.each([
    ['in lists', { net: [{ proj: { weight } }] }],
    ['in objects with numbered keys', { net: { 0: { proj: { weight } } } }],
    ['in trees made of dotted names', unflatten([['net.0.proj.weight', weight]])],
  ])('%s', (_, tree) => {
    expect(enter(parametersOf(tree), 'net.0', (inner) => parameter(inner, 'proj.weight'))).toBe(weight);
  });
});

describe('What is not there', () => {
  const parameters = parametersOf({ net: { weight } });

  it('is undefined where it may be left out', () => {
    expect(optionalParameter(parameters, 'net.bias')).toBeUndefined();
    expect(optionalParameter(parameters, 'net.weight.shape')).toBeUndefined();
    expect(optionalParameter(parameters, 'net.toString')).toBeUndefined();
  });

  it('is refused with the nearest name and the place', () => {
    expect(() => enter(parameters, 'nit', (inner) => parameter(inner, 'weight'))).toThrow(
      'parameter: "nit.weight" is missing; the nearest name there is "net.weight" (at nit)',
    );
    expect(() => parameter(parametersOf({}), 'weight')).toThrow(
      'parameter: "weight" is missing; the tree is empty',
    );
  });

  it('nor is a branch a parameter', () => {
    expect(() => parameter(parameters, 'net')).toThrow('parameter: "net" is missing');
  });
});

describe('A linear layer', () => {
  it('goes without a bias where there is none', () => {
    const x = tensor('x', [5, 2]);
    expect(linearLayer(parametersOf({ to_q: { weight } }), 'to_q', x).shape).toEqual([5, 3]);
  });

  it('refuses a weight for other inputs', () => {
    expect(() => linearLayer(parametersOf({ to_q: { weight } }), 'to_q', tensor('x', [5, 4]))).toThrow(
      'parameter: "to_q.weight" is [3, 2], expected [any, 4] (at to_q)',
    );
  });
});

describe('nearestName', () => {
  it.each([
    ['conv1', ['conv2', 'norm1', 'con1'], 'conv2'],
    ['to_q.weight', ['to_q.bias', 'to_k.weight'], 'to_k.weight'],
    ['euler-a', ['euler', 'euler-ancestral'], 'euler-ancestral'],
    ['anything', [], undefined],
  ])('%s among %o is %s', (name, candidates, nearest) => {
    expect(nearestName(name, candidates)).toBe(nearest);
  });
});
