import {
  flatten,
  formatShape,
  type LazySource,
  type Shape,
  type StateLeaf,
  sameShape,
  type TensorSpec,
  type Tree,
} from '../../../engine/index.ts';
import type { OpenedConcept } from '../../../files/checkpoints/index.ts';
import type { Tokenizer } from '../../../networks/clip/index.ts';
import type { PromptedModel } from '../../diffusion/index.ts';
import { personalizationMethod } from '../methods/personalization-method.ts';
import type { Learned, ModelTrees } from '../model-trees.ts';
import { personalizedModel } from '../personalized-model.ts';
import { extendTokenizer, tokenTable } from '../tokens.ts';
import { type LearnedConcept, learnedOfConcept } from './learned-of-concept.ts';

/**
 * The base with a concept of any kind, as a model like any other: for text-to-image, editing and steering alike. It
 * shares what the concept does not change, and is released on its own.
 * @throws a sentence if the concept is for another model, or one of its words is a word of the base already
 */
export const applyConcept = async (base: PromptedModel, concept: OpenedConcept): Promise<PromptedModel> =>
  applyLearned(base, await learnedOfConcept(concept));

/** The same of what was learned, or steered, just now. */
export async function applyLearned(base: PromptedModel, concept: LearnedConcept): Promise<PromptedModel> {
  const { plan, learned } = concept;
  const { device, unet, textEncoder } = base.model;
  requireFit({ unet: unet.specs, textEncoder: textEncoder.specs }, concept);
  const tokenizer = tokenizerWith(base.tokenizer, concept);
  const state = await device.holdLazily(learned as Tree<LazySource>, { dtype: 'float32' });
  try {
    const references = state.references() as unknown as Learned<StateLeaf>;
    const method = personalizationMethod(plan, base.tokenizer);
    return { model: await personalizedModel(base.model, method, references), tokenizer };
  } finally {
    await state.dispose();
  }
}

/** A model's tokenizer, with a concept's words. */
export const tokenizerWith = (base: Tokenizer, { plan, tokenizer = base }: LearnedConcept): Tokenizer =>
  extendTokenizer(tokenizer, plan.tokens);

/**
 * Names and shapes tell families apart; a LoRA was matched with the model when it was read. Nothing else is read.
 * @throws a sentence if the concept is for another model
 */
export function requireFit(specs: ModelTrees<TensorSpec>, { plan, learned }: LearnedConcept): void {
  const size = shapeIn(specs.textEncoder, tokenTable)?.[1];
  for (const [place, [, { shape }]] of flatten<LazySource>(learned.tokens ?? {}).entries()) {
    if (shape[1] === size) continue;
    throw new Error(
      `the concept's "${plan.tokens[place]!.word}" has vectors of ${shape[1]}, the model's are of ${size}; it was learned on another family of models`,
    );
  }
  if (plan.method.kind === 'lora') return;
  checkBranch(specs.unet, learned.unet);
  checkBranch(specs.textEncoder, learned.textEncoder);
}

const shapeIn = (specs: Tree<TensorSpec>, name: string): Shape | undefined =>
  flatten<TensorSpec>(specs).find(([path]) => path === name)?.[1].shape;

function checkBranch(specs: Tree<TensorSpec>, branch: Tree<LazySource> | undefined): void {
  const known = new Map(flatten<TensorSpec>(specs));
  for (const [path, { shape }] of flatten<LazySource>(branch ?? {})) {
    const expected = known.get(path)?.shape;
    // A whole model brings its own words: its table may have more rows.
    if (expected !== undefined && (path === tokenTable || sameShape(shape, expected))) continue;
    const place = expected === undefined ? 'no such parameter' : `it as ${formatShape(expected)}`;
    throw new Error(
      `the concept has "${path}" ${formatShape(shape)}, the model has ${place}; it was learned on another family of models`,
    );
  }
}
