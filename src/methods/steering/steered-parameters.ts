import {
  flatten,
  type LazySource,
  mapTree,
  type NdArray,
  type RandomKey,
  type Source,
  type Tensor,
  type Tree,
  type TreeLeaf,
  unflatten,
} from '../../engine/index.ts';
import type { LoraTarget } from '../../files/checkpoints/index.ts';
import type { Tokenizer } from '../../networks/clip/index.ts';
import {
  asSource,
  type ConceptPlan,
  floatSources,
  type Learned,
  type LearnedConcept,
  type ModelTrees,
  networkMethod,
  personalizationMethod,
  readFloats,
} from '../personalization/index.ts';
import { conceptWithLora } from './concept-with-lora.ts';

/** Which parameters steering moves. */
export type SteeredSubset =
  /** What the concept learned, or a part of it; the rest stays as it was learned. */
  | { readonly kind: 'learned'; readonly part: LearnedPart; readonly layers: SteeredLayers }
  /** Low-rank updates of the UNet beside what the concept learned, all of which stays. */
  | {
      readonly kind: 'lora beside';
      readonly rank: number;
      readonly alpha: number;
      readonly targets: readonly LoraTarget[];
    };

/** `networks`: all but the vectors of words, so that text features stay where the text encoder was not learned. */
export type LearnedPart = 'all' | 'networks' | 'words';

/** Which of the UNet's learned parameters: fewer of them need less memory, and leave more of the model as it is. */
export type SteeredLayers = 'all' | 'attention' | 'cross-attention' | 'keys and values';

/** A steered concept: of the same kind, or what its parameters with a LoRA beside make. */
export interface SteeredConcept {
  readonly plan: ConceptPlan;
  readonly learned: Learned<NdArray>;
}

/** The personalized networks θ, taken apart into what steering moves and what it keeps. */
export interface SteeredParameters {
  /** Where steering starts, in float32. */
  readonly variables: Learned<Source>;
  /** The rest of what was learned. */
  readonly kept: Learned<LazySource>;
  /** θ of φ, for the graph of any program. */
  apply(base: ModelTrees<Tensor>, kept: Learned<Tensor>, variables: Learned<Tensor>): ModelTrees<Tensor>;
  /** What was steered as a concept. */
  finish(variables: Learned<NdArray>): Promise<SteeredConcept>;
}

/**
 * Takes a concept apart. Nothing is read here: the variables are as training starts, the rest by `finish`.
 * @param base φ; read only where a LoRA is begun, or put into weights that the concept did not learn
 * @param tokenizer without the concept's words
 * @throws a sentence if nothing of the concept would be steered
 */
export async function steeredParameters(
  { plan, learned }: Pick<LearnedConcept, 'plan' | 'learned'>,
  subset: SteeredSubset,
  base: ModelTrees<LazySource>,
  tokenizer: Tokenizer,
  key: RandomKey,
): Promise<SteeredParameters> {
  const method = personalizationMethod(plan, tokenizer);
  if (subset.kind === 'lora beside') {
    const { rank, alpha, targets } = subset;
    const settings = { kind: 'lora', rank, alpha, targets, textEncoder: 'frozen' } as const;
    const beside = networkMethod(settings);
    return {
      variables: await beside.initialize(base, key),
      kept: learned,
      apply: (networks, kept, variables) => beside.apply(method.apply(networks, kept), variables),
      finish: async (variables) =>
        conceptWithLora({ plan, learned: await readLearned(learned) }, settings, variables, base),
    };
  }
  const moves = (path: string) => partOf[subset.part](path) && layersOf[subset.layers](path);
  const entries = flatten<LazySource>(learned as Tree<LazySource>);
  const moving = entries.filter(([path]) => moves(path));
  if (moving.length === 0) {
    const found = [...new Set(entries.map(([path]) => path.split('.')[0]))].join(' and ') || 'nothing';
    throw new Error(
      `steer: the concept learned ${found}, and none of that is among ${subset.part} (${subset.layers}); ` +
        'steer another part, or a LoRA beside it',
    );
  }
  const kept = unflatten(entries.filter(([path]) => !moves(path))) as Learned<LazySource>;
  return {
    variables: floatSources(unflatten(moving)) as Learned<LazySource>,
    kept,
    apply: (networks, rest, variables) => method.apply(networks, joined(rest, variables)),
    finish: async (variables) => ({ plan, learned: joined(await readLearned(kept), variables) }),
  };
}

/**
 * What was learned just now, as `learnedOfConcept` gives it of a file.
 * @param tokenizer what the plan's words are added to; undefined where that is the base's
 */
export const learnedInMemory = (
  plan: ConceptPlan,
  learned: Learned<NdArray>,
  tokenizer?: Tokenizer,
): LearnedConcept => ({
  plan,
  tokenizer,
  learned: mapTree<Tree<NdArray>, NdArray, LazySource>(
    learned as Tree<NdArray>,
    asSource,
  ) as Learned<LazySource>,
});

/** Everything, in float32. */
const readLearned = async (learned: Learned<Source>): Promise<Learned<NdArray>> =>
  (await readFloats(learned as Tree<Source>)) as Learned<NdArray>;

const joined = <Leaf extends TreeLeaf>(a: Learned<Leaf>, b: Learned<Leaf>): Learned<Leaf> =>
  unflatten([...flatten<Leaf>(a as Tree<Leaf>), ...flatten<Leaf>(b as Tree<Leaf>)]) as Learned<Leaf>;

const ofWords = (path: string) => path.startsWith('tokens.');

const partOf: { readonly [P in LearnedPart]: (path: string) => boolean } = {
  all: () => true,
  networks: (path) => !ofWords(path),
  words: ofWords,
};

const inUnet = (pattern: RegExp) => (path: string) => !path.startsWith('unet.') || pattern.test(path);

const layersOf: { readonly [L in SteeredLayers]: (path: string) => boolean } = {
  all: () => true,
  attention: inUnet(/\.attn[12]\./),
  'cross-attention': inUnet(/\.attn2\./),
  'keys and values': inUnet(/\.attn2\.to_[kv]\./),
};
