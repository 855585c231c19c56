import {
  type LazySource,
  type NdArray,
  ndArray,
  type Tree,
  toNumbers,
  unflatten,
} from '../../../engine/index.ts';
import {
  type Concept,
  type LowRankUpdate,
  type LowRankUpdates,
  type MethodSettings,
  type NetworkChange,
  type OpenedConcept,
  readTokenizer,
} from '../../../files/checkpoints/index.ts';
import { type ArraySource, isLazyArray, readArray } from '../../../files/formats/index.ts';
import type { Tokenizer } from '../../../networks/clip/index.ts';
import { targetsOf } from '../methods/lora.ts';
import type { ConceptPlan } from '../methods/personalization-method.ts';
import type { Learned } from '../model-trees.ts';
import { asSource } from './concept-of-learned.ts';

export interface LearnedConcept {
  readonly plan: ConceptPlan;
  /** To be read when it is wanted, as long as the concept is open. */
  readonly learned: Learned<LazySource>;
  /** What the plan's words are added to; undefined where that is the base's. */
  readonly tokenizer: Tokenizer | undefined;
}

/**
 * An opened concept as what a method learns, to be applied, or learned on: steering goes on from here. What other
 * tools saved has no card; its method shows in what it changes.
 */
export async function learnedOfConcept(concept: OpenedConcept): Promise<LearnedConcept> {
  const method = concept.card?.method ?? methodOf(concept);
  const tokens =
    concept.card?.tokens ??
    concept.embeddings.map(({ token, vectors }) => ({
      word: token,
      vectors: vectors.shape[0]!,
      initializer: token,
    }));
  const unet = branchOf(concept.unet, method);
  const text = textIsLearned(method) ? branchOf(concept.textEncoder, method) : undefined;
  const learned: Learned<LazySource> = {
    ...(unet !== undefined && { unet }),
    ...(text !== undefined && { textEncoder: text }),
    ...(tokens.length > 0 && { tokens: concept.embeddings.map(({ vectors }) => asSource(vectors)) }),
  };
  return { plan: { method, tokens }, learned, tokenizer: await ownTokenizer(concept) };
}

/** That of a whole model, whose table of words it belongs to: another tool may have put words into both. */
export async function ownTokenizer(concept: OpenedConcept): Promise<Tokenizer | undefined> {
  const { card, tokenizerFiles } = concept;
  if (tokenizerFiles === undefined || tokenizerFiles.size === 0) return undefined;
  if (!textIsLearned(card?.method ?? methodOf(concept))) return undefined;
  return readTokenizer('the concept', tokenizerFiles);
}

/** A folder of DreamBooth has a text encoder whether it was learned or not. */
const textIsLearned = (method: MethodSettings): boolean =>
  'textEncoder' in method && method.textEncoder === 'trained';

/** The method that makes these changes, as far as they tell. */
export function methodOf({ unet, textEncoder }: Pick<Concept, 'unet' | 'textEncoder'>): MethodSettings {
  const text = textEncoder.kind === 'nothing' ? 'frozen' : 'trained';
  switch (unet.kind) {
    case 'nothing':
      if (textEncoder.kind === 'low rank') return loraOf(new Map(), textEncoder.updates);
      return { kind: 'textual-inversion' };
    case 'replaced': {
      const names = [...unet.parameters.keys()];
      if (names.some((name) => !name.includes('.attn2.'))) return { kind: 'dreambooth', textEncoder: text };
      const others = names.some((name) => !/\.to_[kv]\.weight$/.test(name));
      return { kind: 'custom-diffusion', projections: others ? 'all' : 'keys and values' };
    }
    case 'low rank':
      return loraOf(unet.updates, textEncoder.kind === 'low rank' ? textEncoder.updates : new Map());
  }
}

/** Its rank and alpha are those of the first layer, where that counts at all: at scale 0 or below `up` has the factor. */
function loraOf(unet: LowRankUpdates, text: LowRankUpdates): MethodSettings {
  const [first] = [...unet.values(), ...text.values()];
  const rank = first?.down.shape[0] ?? 1;
  const alpha = first?.alpha ?? rank;
  const targets = targetsOf(unet.keys());
  return {
    kind: 'lora',
    rank,
    alpha: alpha > 0 ? alpha : rank,
    targets: targets.length === 0 ? ['attention'] : targets,
    textEncoder: text.size === 0 ? 'frozen' : 'trained',
  };
}

function branchOf(change: NetworkChange, method: MethodSettings): Tree<LazySource> | undefined {
  if (change.kind === 'nothing') return undefined;
  if (change.kind === 'replaced') {
    return unflatten([...change.parameters].map(([path, source]) => [path, lazy(source)]));
  }
  const scale = method.kind === 'lora' ? method.alpha / method.rank : 1;
  return unflatten(
    [...change.updates].flatMap(([path, update]) => {
      const module = path.replace(/\.weight$/, '');
      return [
        [`${module}.down`, lazy(update.down)],
        [`${module}.up`, rescaledUp(update, scale)],
      ] as const;
    }),
  );
}

/** `apply` has one alpha / rank for all layers: where a layer's differs, `up` makes up for it. */
function rescaledUp({ up, down, alpha }: LowRankUpdate, scale: number): LazySource {
  const rank = down.shape[0]!;
  const factor = (alpha ?? rank) / rank / scale;
  if (factor === 1) return lazy(up);
  return {
    dtype: 'float32',
    shape: up.shape,
    read: async () =>
      ndArray(
        'float32',
        up.shape,
        Float32Array.from(toNumbers(await readArray(up)), (value) => value * factor),
      ),
  };
}

const lazy = (source: ArraySource): LazySource =>
  isLazyArray(source) ? source : asSource(source as NdArray);
