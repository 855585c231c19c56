import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flatten,
  mapTree,
  scalar,
  type Tree,
  type TreeLeaf,
  unflatten,
} from '../../../src/engine/arrays/index.ts';

interface Named extends TreeLeaf {
  readonly name: number;
}

const leaf = (name: number): Named => ({ dtype: 'float32', shape: [], name });

const keys = fc.oneof(
  fc.stringMatching(/^[a-z_]{1,4}$/),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'dtype', '0'),
);

const { tree: objects } = fc.letrec<{ tree: Tree<Named>; branch: Tree<Named> }>((tie) => ({
  tree: fc.oneof({ depthSize: 'small' }, fc.nat().map(leaf), tie('branch')),
  branch: fc.dictionary(keys, tie('tree'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
}));

const { tree: trees } = fc.letrec<{ tree: Tree<Named> }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.nat().map(leaf),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(keys, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

describe('a tree of tensors', () => {
  it('is what it was after flattening and unflattening, if it has no lists', () => {
    fc.assert(
      fc.property(objects, (tree) => {
        expect(unflatten(flatten<Named>(tree))).toEqual(tree);
      }),
    );
  });

  it('keeps its paths when its leaves are replaced', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const doubled = mapTree<Tree<Named>, Named, Named>(tree, ({ name }) => leaf(2 * name));
        expect(flatten<Named>(doubled as Tree<Named>)).toEqual(
          flatten<Named>(tree).map(([path, { name }]) => [path, leaf(2 * name)]),
        );
      }),
    );
  });

  it('hands each leaf out with its path', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const visited: [string, Named][] = [];
        mapTree<Tree<Named>, Named, void>(tree, (found, path) => {
          visited.push([path, found]);
        });
        expect(visited).toEqual(flatten<Named>(tree));
      }),
    );
  });

  it('names its leaves by dotted paths, in the order of the keys', () => {
    const tree = { conv: { weight: scalar(1), bias: scalar(2) }, blocks: [scalar(3), { norm: scalar(4) }] };
    expect(flatten(tree).map(([path]) => path)).toEqual([
      'conv.weight',
      'conv.bias',
      'blocks.0',
      'blocks.1.norm',
    ]);
  });

  it('may be a single leaf, whose path is empty', () => {
    expect(flatten(leaf(1))).toEqual([['', leaf(1)]]);
    expect(unflatten([['', leaf(1)]])).toEqual(leaf(1));
  });

  it('does not reach the prototype through a key called __proto__', () => {
    const tree = unflatten([['__proto__.polluted', leaf(1)]]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(tree)).toBe(Object.prototype);
    expect(flatten<Named>(tree)).toEqual([['__proto__.polluted', leaf(1)]]);
  });

  it.each<[string, string[], string]>([
    [
      'a path that continues a leaf',
      ['a', 'a.b'],
      'unflatten: "a.b" continues a path that is a leaf already',
    ],
    ['a path that is a branch', ['a.b', 'a'], 'unflatten: "a" occurs twice, or is a branch'],
    ['a path twice', ['a.b', 'a.b'], 'unflatten: "a.b" occurs twice, or is a branch'],
    [
      'a path after the empty one',
      ['', 'a'],
      'unflatten: beside a leaf at "", which is the whole tree, there is no other',
    ],
    [
      'the empty path after another',
      ['a', ''],
      'unflatten: beside a leaf at "", which is the whole tree, there is no other',
    ],
  ])('cannot hold %s', (_, paths, message) => {
    expect(() => unflatten(paths.map((path) => [path, leaf(0)] as const))).toThrow(new Error(message));
  });

  it.each<[unknown, string]>([
    [3, 'a number (3)'],
    [undefined, 'nothing'],
    [null, 'nothing'],
    ['weights', 'a string (weights)'],
  ])('cannot hold %j', (value, description) => {
    const tree = { layers: [value] } as unknown as Tree<Named>;
    expect(() => flatten<Named>(tree)).toThrow(
      new Error(`A tree holds tensors, lists and objects; at "layers.0" there is ${description}`),
    );
  });
});
