import type { LazySource, RandomKey, Source, Tensor } from '../../../engine/index.ts';
import type { ConceptToken, MethodKind, MethodSettings } from '../../../files/checkpoints/index.ts';
import type { Tokenizer } from '../../../networks/clip/index.ts';
import type { Learned, ModelTrees } from '../model-trees.ts';
import { appendTokens, initializeTokens } from '../tokens.ts';
import { customDiffusion } from './custom-diffusion.ts';
import { dreamBooth } from './dream-booth.ts';
import { lora } from './lora.ts';
import { textualInversion } from './textual-inversion.ts';

/**
 * A way of personalizing, as two functions on trees. Training differentiates a loss of `apply(base, learned)` with
 * respect to `learned`; steering is another loss on the same variables.
 */
export interface PersonalizationMethod {
  /** Where learning starts, in float32; what begins as the base has it is read when it is wanted. */
  initialize(base: ModelTrees<LazySource>, key: RandomKey): Promise<Learned<Source>>;
  /** The personalized networks; what the method does not change are the very leaves of the base. */
  apply(base: ModelTrees<Tensor>, learned: Learned<Tensor>): ModelTrees<Tensor>;
}

export type SettingsOf<M extends MethodKind> = Extract<MethodSettings, { readonly kind: M }>;

/** What each method does to the networks; words are learned beside, alike for all. */
const personalizationMethods: {
  readonly [M in MethodKind]: (settings: SettingsOf<M>) => PersonalizationMethod;
} = {
  'textual-inversion': textualInversion,
  dreambooth: dreamBooth,
  'custom-diffusion': customDiffusion,
  lora,
};

export const methodKinds = Object.keys(personalizationMethods) as readonly MethodKind[];

/** What is personalized, and how. */
export interface ConceptPlan {
  readonly method: MethodSettings;
  /** Words whose vectors are learned; Textual Inversion has at least one. */
  readonly tokens: readonly ConceptToken[];
}

/**
 * The method of a plan with the words that it learns.
 * @param tokenizer the base model's, which does not know the words yet
 * @throws a sentence if nothing would be learned
 */
export function personalizationMethod(plan: ConceptPlan, tokenizer: Tokenizer): PersonalizationMethod {
  const { method: settings, tokens } = plan;
  const method = networkMethod(settings);
  if (tokens.length === 0) {
    if (settings.kind !== 'textual-inversion') return method;
    throw new Error(
      'textual inversion: it learns nothing but words, and none is given; name one, "<biscuit>"',
    );
  }
  return {
    async initialize(base, key) {
      const learned = await method.initialize(base, key);
      return { ...learned, tokens: await initializeTokens(base.textEncoder, tokenizer, tokens) };
    },
    apply(base, learned) {
      const { unet, textEncoder } = method.apply(base, learned);
      return { unet, textEncoder: appendTokens(textEncoder, learned.tokens ?? []) };
    },
  };
}

/** The method without words. */
export const networkMethod = <M extends MethodKind>(settings: SettingsOf<M>): PersonalizationMethod => {
  const create: (settings: SettingsOf<M>) => PersonalizationMethod =
    personalizationMethods[settings.kind as M];
  return create(settings);
};
