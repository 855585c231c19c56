/**
 * Parameters, states and feeds are trees: plain nested objects and lists with a leaf at each end. The dotted
 * path of a leaf (`down_blocks.0.resnets.0.conv1.weight`) is its name on disk, in messages and in sessions.
 */
export type Tree<Leaf> = Leaf | { readonly [key: string]: Tree<Leaf> } | readonly Tree<Leaf>[];

/** What stays of a tree type when its leaves are replaced. */
export type MapTree<T, From, To> = T extends From
  ? To
  : T extends readonly (infer Item)[]
    ? number extends T['length']
      ? readonly MapTree<Item, From, To>[]
      : { readonly [K in keyof T]: MapTree<T[K], From, To> }
    : T extends object
      ? { readonly [K in keyof T]: MapTree<T[K], From, To> }
      : T;

/** A leaf with its dotted path; the path of a tree that is a single leaf is `''`. */
export type Entry<Leaf> = readonly [path: string, leaf: Leaf];

/** A leaf is a value with a dtype and a shape: an NdArray, a Tensor or a TensorSpec. */
export interface TreeLeaf {
  readonly dtype: string;
  readonly shape: readonly number[];
}

export const isLeaf = (value: unknown): value is TreeLeaf =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as TreeLeaf).dtype === 'string' &&
  Array.isArray((value as TreeLeaf).shape);

/** The leaves in the order of the keys as written. */
export function flatten<Leaf extends TreeLeaf>(tree: Tree<Leaf>): Entry<Leaf>[] {
  const entries: Entry<Leaf>[] = [];
  visit(tree, '', (path, leaf) => {
    entries.push([path, leaf]);
    return leaf;
  });
  return entries;
}

/** A tree of the same form with every leaf replaced. */
export const mapTree = <T, From extends TreeLeaf, To>(
  tree: T & Tree<From>,
  replace: (leaf: From, path: string) => To,
): MapTree<T, From, To> =>
  visit(tree as Tree<From>, '', (path, leaf) => replace(leaf, path)) as MapTree<T, From, To>;

/**
 * The tree whose leaves have these dotted paths; numbered parts become keys of objects (`blocks[0]` reads them
 * as it reads a list).
 * @throws if one path continues another, which no tree can hold.
 */
export function unflatten<Leaf extends TreeLeaf>(entries: Iterable<Entry<Leaf>>): Tree<Leaf> {
  type Branch = { [key: string]: Branch | Leaf };
  const root: Branch = {};
  let whole: Leaf | undefined; // the tree that is a single leaf
  for (const [path, leaf] of entries) {
    if (whole !== undefined || (path === '' && Object.keys(root).length > 0)) {
      throw new Error(`unflatten: beside a leaf at "", which is the whole tree, there is no other`);
    }
    if (path === '') {
      whole = leaf;
      continue;
    }
    const keys = path.split('.');
    const last = keys.pop()!;
    let branch = root;
    for (const key of keys) {
      if (!Object.hasOwn(branch, key)) define(branch, key, {});
      const next = branch[key]!;
      if (isLeaf(next)) throw new Error(`unflatten: "${path}" continues a path that is a leaf already`);
      branch = next as Branch;
    }
    if (Object.hasOwn(branch, last)) throw new Error(`unflatten: "${path}" occurs twice, or is a branch`);
    define(branch, last, leaf);
  }
  return whole ?? (root as Tree<Leaf>);
}

/** `define` instead of assignment: a key from a file may be called `__proto__`. */
const define = (branch: object, key: string, value: unknown) =>
  Object.defineProperty(branch, key, { value, enumerable: true, configurable: true, writable: true });

function visit<From extends TreeLeaf, To>(
  tree: Tree<From>,
  path: string,
  replace: (path: string, leaf: From) => To,
): unknown {
  if (isLeaf(tree)) return replace(path, tree as From);
  const child = (key: string | number) => (path === '' ? `${key}` : `${path}.${key}`);
  if (Array.isArray(tree)) return tree.map((branch, index) => visit(branch, child(index), replace));
  if (typeof tree === 'object' && tree !== null) {
    const result = {};
    for (const [key, branch] of Object.entries(tree)) define(result, key, visit(branch, child(key), replace));
    return result;
  }
  throw new Error(`A tree holds tensors, lists and objects; at "${path}" there is ${describe(tree)}`);
}

const describe = (value: unknown) =>
  value === undefined || value === null ? 'nothing' : `a ${typeof value} (${String(value)})`;
