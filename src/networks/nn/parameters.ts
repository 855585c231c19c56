import {
  flatten,
  formatShape,
  isLeaf,
  refuse,
  type Shape,
  scope,
  type Tensor,
  type Tree,
} from '../../engine/index.ts';
import { nearestName } from './nearest-name.ts';

/**
 * A place in a tree of parameters. Layers take a place and a name below it, `linearLayer(block, 'to_q', x)`, so
 * that the path of a parameter in the tree, in messages and in the graph's scopes is one and the same: its name
 * on disk.
 */
export interface Parameters {
  /** The whole tree. */
  readonly root: Tree<Tensor>;
  /** Dotted path of this place in the tree; `''` is the root. */
  readonly path: string;
  readonly branch: Tree<Tensor> | undefined;
}

/** The root of a tree of parameters. */
export const parametersOf = (tree: Tree<Tensor>): Parameters => ({ root: tree, path: '', branch: tree });

/** Builds with the parameters below `name`, which may be dotted (`down_blocks.0`), in the scope of that name. */
export function enter<T>(parameters: Parameters, name: string, build: (inner: Parameters) => T): T {
  const { root, path, branch } = parameters;
  const inner: Parameters = { root, path: join(path, name), branch: walk(branch, name) };
  return scope(name, () => build(inner));
}

/**
 * A parameter that has to be there.
 * @param shape what it must be, where the caller knows: axes that do not matter are −1
 * @throws ShapeError that names it, and the most similar name there is
 */
export function parameter(parameters: Parameters, name: string, shape?: Shape): Tensor {
  const tensor = optionalParameter(parameters, name);
  const path = join(parameters.path, name);
  if (tensor === undefined) {
    const nearest = nearestName(
      path,
      flatten<Tensor>(parameters.root).map(([existing]) => existing),
    );
    const hint = nearest === undefined ? 'the tree is empty' : `the nearest name there is "${nearest}"`;
    return refuse('parameter', `"${path}" is missing; ${hint}`);
  }
  if (shape !== undefined && !fits(tensor.shape, shape)) {
    const expected = formatShape(shape).replaceAll('-1', 'any');
    return refuse('parameter', `"${path}" is ${formatShape(tensor.shape)}, expected ${expected}`);
  }
  return tensor;
}

/** A parameter that some configurations do without, such as a bias. */
export function optionalParameter(parameters: Parameters, name: string): Tensor | undefined {
  const found = walk(parameters.branch, name);
  return isLeaf(found) ? (found as Tensor) : undefined;
}

const join = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);

const fits = (shape: Shape, expected: Shape) =>
  shape.length === expected.length && expected.every((size, axis) => size === -1 || size === shape[axis]);

/** Lists and objects with numbered keys read alike. */
function walk(tree: Tree<Tensor> | undefined, name: string): Tree<Tensor> | undefined {
  let place: unknown = tree;
  for (const key of name.split('.')) {
    if (typeof place !== 'object' || place === null || isLeaf(place) || !Object.hasOwn(place, key)) {
      return undefined;
    }
    place = (place as Readonly<Record<string, unknown>>)[key];
  }
  return place as Tree<Tensor>;
}
