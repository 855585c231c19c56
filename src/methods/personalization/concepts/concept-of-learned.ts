import { flatten, type LazySource, type NdArray, type Tree } from '../../../engine/index.ts';
import type { Concept, LowRankUpdate, MethodKind, NetworkChange } from '../../../files/checkpoints/index.ts';
import type { ConceptPlan, SettingsOf } from '../methods/personalization-method.ts';
import type { Learned, LearnedBranch } from '../model-trees.ts';

/** What was learned, as files have it (`writeConcept`). */
export function conceptOfLearned({ method, tokens }: ConceptPlan, learned: Learned<NdArray>): Concept {
  const change = (branch: Exclude<LearnedBranch, 'tokens'>): NetworkChange => {
    const tree = learned[branch];
    return tree === undefined ? { kind: 'nothing' } : changes[method.kind](tree, method as never);
  };
  const vectors = flatten<NdArray>(learned.tokens ?? {}).map(([, array]) => array);
  return {
    embeddings: tokens.map(({ word }, place) => ({ token: word, vectors: vectors[place]! })),
    unet: change('unet'),
    textEncoder: change('textEncoder'),
  };
}

const replaced = (tree: Tree<NdArray>): NetworkChange => ({
  kind: 'replaced',
  parameters: new Map(flatten<NdArray>(tree)),
});

const changes: {
  readonly [M in MethodKind]: (tree: Tree<NdArray>, settings: SettingsOf<M>) => NetworkChange;
} = {
  'textual-inversion': replaced,
  dreambooth: replaced,
  'custom-diffusion': replaced,
  lora: (tree, { alpha, rank }) => ({ kind: 'low rank', updates: updatesOf(tree, alpha / rank) }),
};

/** Learned leaves `….down` and `….up` by the names of their weights. */
function updatesOf(tree: Tree<NdArray>, scale: number): ReadonlyMap<string, LowRankUpdate> {
  const leaves = new Map(flatten<NdArray>(tree));
  const updates = new Map<string, LowRankUpdate>();
  for (const [path, down] of leaves) {
    if (!path.endsWith('.down')) continue;
    const module = path.slice(0, -'.down'.length);
    const up = leaves.get(`${module}.up`)!;
    updates.set(`${module}.weight`, { down, up, alpha: scale * down.shape[0]! });
  }
  return updates;
}

/** An array in memory as one that is read. */
export const asSource = (array: NdArray): LazySource => ({
  dtype: array.dtype,
  shape: array.shape,
  read: async () => ({ ...array, data: array.data.slice() }),
});
