import type { OpenedConcept } from '../../../files/checkpoints/index.ts';
import { type PromptedModel, releaseModel } from '../../../methods/diffusion/index.ts';
import { applyConcept, applyLearned } from '../../../methods/personalization/index.ts';
import { learnedInMemory } from '../../../methods/steering/index.ts';
import type { TaskEvent } from '../task-event.ts';
import type { EditSession } from './edit-session.ts';
import { type Variant, type VariantName, variants } from './edit-variants.ts';
import type { PlannedEdits } from './plan-stage.ts';
import type { SteeredEdit } from './steer-stage.ts';
import { type VariantEdit, variantStage } from './variant-stage.ts';

export interface EditsOptions {
  readonly planned: PlannedEdits;
  readonly concept: OpenedConcept | undefined;
  readonly steered: SteeredEdit | undefined;
}

/** Edits in all ways that are asked for, and holds one personalized model at a time. */
export async function* editsStage(
  session: EditSession,
  options: EditsOptions,
): AsyncGenerator<TaskEvent, ReadonlyMap<VariantName, VariantEdit>> {
  const names = session.recipe.variants;
  const edits = new Map<VariantName, VariantEdit>();
  for (const concept of ['as learned', 'steered'] as const) {
    const own = names.filter((name) => variants[name].concept === concept);
    if (own.length === 0) continue;
    const personalized = await modelWith(concept, session, options);
    try {
      for (const name of own) {
        edits.set(name, yield* variantStage(session, options.planned, personalized, name));
      }
    } finally {
      if (personalized !== session.base) await releaseModel(personalized.model);
    }
  }
  return new Map(names.map((name) => [name, edits.get(name)!]));
}

async function modelWith(
  use: Variant['concept'],
  { base, concept: began }: EditSession,
  { concept, steered }: EditsOptions,
): Promise<PromptedModel> {
  if (use === 'steered') {
    const { plan, learned } = steered!.concept; // without steering there is no such variant
    return applyLearned(base, learnedInMemory(plan, learned, began?.tokenizer));
  }
  return concept === undefined ? base : applyConcept(base, concept);
}
