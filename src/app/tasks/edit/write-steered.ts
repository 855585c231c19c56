import {
  type ConceptCard,
  type MethodSettings,
  type OpenedConcept,
  writeConcept,
} from '../../../files/checkpoints/index.ts';
import { type ConceptPlan, conceptOfLearned, learnedAsLora } from '../../../methods/personalization/index.ts';
import { wordsOf } from '../../models/open-concept.ts';
import type { OpenedModel } from '../../models/open-model.ts';
import { dataText } from '../../runs/unfinished-run.ts';
import type { EditSession } from './edit-session.ts';
import type { SteeredEdit } from './steer-stage.ts';

/** Of a steered concept of another kind as a LoRA: more than concepts are learned with, since it is cut from weights. */
const LORA_RANK = 32;

export interface WriteSteeredOptions {
  readonly session: EditSession;
  readonly opened: OpenedModel;
  readonly concept: OpenedConcept | undefined;
  readonly steered: SteeredEdit;
  /** Hash of the model. */
  readonly model: string;
}

/** Writes a steered concept as a folder like any concept's: of the same kind, or as a LoRA. */
export async function writeSteered(path: string, options: WriteSteeredOptions): Promise<void> {
  const { session, opened, steered } = options;
  const { base, parameters } = session;
  const existing = parameters.force ? 'replace' : 'refuse';
  const { plan, learned } = steered.concept;
  if (parameters.steeredAs === 'concept') {
    const card = cardOf(options, plan);
    await writeConcept(path, card, conceptOfLearned(plan, learned), { base: opened.checkpoint, existing });
    return;
  }
  const { concept } = await learnedAsLora(base.model, plan, learned, LORA_RANK);
  const method: MethodSettings = {
    kind: 'lora',
    rank: LORA_RANK,
    alpha: LORA_RANK,
    targets: ['attention'],
    textEncoder: concept.textEncoder.kind === 'nothing' ? 'frozen' : 'trained',
    ...(plan.method.kind === 'lora' && plan.method),
  };
  await writeConcept(path, cardOf(options, { ...plan, method }), concept, { existing });
}

function cardOf(
  { session, opened, concept, steered, model }: WriteSteeredOptions,
  plan: ConceptPlan,
): ConceptCard {
  const { recipe, seed } = session;
  const phrase = concept?.card?.phrase ?? wordsOf(concept!)[0] ?? session.parameters.prompt;
  return {
    format: 'dreamsteerer concept 1',
    method: plan.method,
    base: { name: opened.title, hash: model },
    tokens: plan.tokens,
    phrase,
    classWord: concept?.card?.classWord ?? phrase,
    steps: steered.steps,
    seed,
    training: JSON.parse(dataText({ steered: recipe.steering as never })),
  };
}
