import {
  flatten,
  formatShape,
  type LazySource,
  type StateLeaf,
  sameShape,
  type TensorSpec,
  type Tree,
} from '../../engine/index.ts';
import { type OpenedConcept, readTokenizer } from '../../files/checkpoints/index.ts';
import type { Tokenizer } from '../../networks/clip/index.ts';
import type { HeldModel } from '../diffusion/index.ts';
import { learnedOfConcept } from './learned-of-concept.ts';
import type { Learned } from './model-trees.ts';
import { type ConceptPlan, personalizationMethod } from './personalization-method.ts';
import { personalizedModel } from './personalized-model.ts';
import { extendTokenizer, tokenTable } from './tokens.ts';

/** A model on a device and the tokenizer that makes ids of its prompts. */
export interface PromptedModel {
  readonly model: HeldModel;
  readonly tokenizer: Tokenizer;
}

/**
 * The base with a concept of any kind, as a model like any other: for text-to-image, editing and steering alike. It
 * shares what the concept does not change, and is released on its own.
 * @throws a sentence if the concept is for another model, or one of its words is a word of the base already
 */
export async function applyConcept(base: PromptedModel, concept: OpenedConcept): Promise<PromptedModel> {
  const { plan, learned } = learnedOfConcept(concept);
  checkFit(base.model, plan, learned);
  const own = await tokenizerOf(base.tokenizer, concept);
  const tokenizer = extendTokenizer(own, plan.tokens);
  const { device } = base.model;
  const state = await device.holdLazily(learned as Tree<LazySource>, { dtype: 'float32' });
  try {
    const references = state.references() as unknown as Learned<StateLeaf>;
    const method = personalizationMethod(plan, own);
    return { model: await personalizedModel(base.model, method, references), tokenizer };
  } finally {
    await state.dispose();
  }
}

/** A whole model of another tool may have its words in its own tokenizer. */
const tokenizerOf = async (
  tokenizer: Tokenizer,
  { card, tokenizerFiles }: OpenedConcept,
): Promise<Tokenizer> =>
  card === undefined && tokenizerFiles !== undefined && tokenizerFiles.size > 0
    ? readTokenizer('the concept', tokenizerFiles)
    : tokenizer;

/** Names and shapes tell families apart; a LoRA was matched with the model when it was read. */
function checkFit(
  { unet, textEncoder }: HeldModel,
  { method, tokens }: ConceptPlan,
  learned: Learned<LazySource>,
) {
  const size = textEncoder.config.hiddenSize;
  for (const [place, { shape }] of flatten<LazySource>(learned.tokens ?? [])
    .map(([, each]) => each)
    .entries()) {
    if (shape[1] === size) continue;
    throw new Error(
      `applyConcept: "${tokens[place]!.word}" has vectors of ${shape[1]}, the model's are of ${size}; it was learned on another family of models`,
    );
  }
  if (method.kind === 'lora') return;
  checkBranch(unet.specs, learned.unet);
  checkBranch(textEncoder.specs, learned.textEncoder);
}

function checkBranch(specs: Tree<TensorSpec>, branch: Tree<LazySource> | undefined): void {
  const known = new Map(flatten<TensorSpec>(specs));
  for (const [path, { shape }] of flatten<LazySource>(branch ?? {})) {
    const expected = known.get(path)?.shape;
    if (expected !== undefined && (path === tokenTable || sameShape(shape, expected))) continue;
    const place = expected === undefined ? 'no such parameter' : `it as ${formatShape(expected)}`;
    throw new Error(
      `applyConcept: the concept has "${path}" ${formatShape(shape)}, the model has ${place}; it was learned on another family of models`,
    );
  }
}
