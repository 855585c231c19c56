import {
  type Concept,
  type ConceptCard,
  type MethodSettings,
  type OpenedConcept,
  type WritableModel,
  writeConcept,
} from '../../../files/checkpoints/index.ts';
import {
  type ConceptPlan,
  conceptOfLearned,
  learnedAsLora,
  tokenTable,
  withWordsBeside,
} from '../../../methods/personalization/index.ts';
import type { SteeredConcept } from '../../../methods/steering/index.ts';
import type { OpenedModel } from '../../models/open-model.ts';
import { dataText } from '../../runs/unfinished-run.ts';
import type { EditSession } from './edit-session.ts';
import type { SteeredEdit } from './steer-stage.ts';

/** Of a steered concept of another kind as a LoRA: more than concepts are learned with, since it is cut from weights. */
const LORA_RANK = 32;

/** A steered concept in the form that it is kept in. */
export interface ExpressedSteered {
  readonly plan: ConceptPlan;
  readonly concept: Concept;
  /** What of the form is not as it was asked for, a sentence. */
  readonly note: string | undefined;
}

/** As a concept of the same kind, or as a LoRA where anything but words was learned, with all its words. */
export async function expressSteered(
  { base, concept: began, parameters }: Pick<EditSession, 'base' | 'concept' | 'parameters'>,
  steered: SteeredConcept,
): Promise<ExpressedSteered> {
  if (parameters.steeredAs === 'concept') {
    const { plan, learned } = steered;
    return { plan, concept: conceptOfLearned(plan, learned), note: undefined };
  }
  const { plan, learned } = withWordsBeside(steered, began?.tokenizer, base.tokenizer);
  const { captured, ...expressed } = await learnedAsLora(base.model, plan, learned, LORA_RANK);
  return { ...expressed, note: noteOf(expressed.plan.method, captured) };
}

function noteOf(method: MethodSettings, captured: number): string | undefined {
  if (method.kind !== 'lora') {
    return 'Words alone were learned, which no LoRA can hold: the steered concept is kept as an embedding';
  }
  const percent = Math.floor(100 * captured);
  if (percent >= 99) return undefined;
  return `The LoRA, of rank ${LORA_RANK} at most, holds ${percent} % of what the concept changes in the model; --steered-as concept keeps all`;
}

export interface WriteSteeredOptions extends ExpressedSteered {
  readonly session: EditSession;
  readonly opened: OpenedModel;
  /** What was steered, as it was learned. */
  readonly began: OpenedConcept | undefined;
  readonly steered: SteeredEdit;
  /** Hash of the model. */
  readonly model: string;
}

/** Writes a steered concept as a folder like any concept's. */
export async function writeSteered(path: string, options: WriteSteeredOptions): Promise<void> {
  const { concept } = options;
  await writeConcept(path, cardOf(options), concept, {
    base: baseOf(options),
  });
}

/** With the words of a whole model's own tokenizer, and with as many rows as its table has. */
function baseOf({ opened, began, concept }: WriteSteeredOptions): WritableModel {
  const { checkpoint } = opened;
  const { textEncoder } = checkpoint;
  const files = began?.tokenizerFiles;
  const table =
    concept.textEncoder.kind === 'replaced' ? concept.textEncoder.parameters.get(tokenTable) : undefined;
  if (files === undefined || files.size === 0 || table === undefined) return checkpoint;
  const configJson = { ...textEncoder.configJson, vocab_size: table.shape[0]! };
  return { ...checkpoint, tokenizerFiles: files, textEncoder: { ...textEncoder, configJson } };
}

function cardOf({ session, opened, began, steered, plan, model }: WriteSteeredOptions): ConceptCard {
  const { recipe, seed } = session;
  const phrase = began?.card?.phrase ?? plan.tokens[0]?.word ?? session.parameters.prompt;
  return {
    format: 'dreamsteerer concept 1',
    method: plan.method,
    base: { name: opened.title, hash: model },
    tokens: plan.tokens,
    phrase,
    classWord: began?.card?.classWord ?? phrase,
    steps: steered.steps,
    seed,
    training: JSON.parse(dataText({ steered: recipe.steering as never })),
  };
}
