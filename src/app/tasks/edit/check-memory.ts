import {
  type EstimatedModel,
  estimateEditing,
  estimateSteering,
  type MemoryAlternative,
  type MemoryEstimate,
  requireMemory,
} from '../../../methods/memory/index.ts';
import type { ConceptPlan } from '../../../methods/personalization/index.ts';
import { loraBeside, type SteeringSettings } from '../../../methods/steering/index.ts';
import { availableMemory, estimatedModel } from '../../models/memory-room.ts';
import type { OpenedModel } from '../../models/open-model.ts';
import type { TaskEvent } from '../task-event.ts';
import type { EditRecipe } from './edit-plan.ts';
import type { EditParameters } from './parameters.ts';

interface EstimatedEdit {
  /** Of the concept, if there is one. */
  readonly plan: ConceptPlan | undefined;
  readonly recipe: EditRecipe;
  /** Of the square that the model sees, in pixels. */
  readonly side: number;
}

/** @throws a sentence with what it takes and what would fit, if it will not fit */
export async function* checkEditMemory(
  { memoryCheck }: EditParameters,
  { checkpoint, tokenizer }: OpenedModel,
  { plan, recipe: { variants, steering }, side }: EstimatedEdit,
): AsyncGenerator<TaskEvent, void> {
  if (!memoryCheck) return;
  yield { kind: 'stage', stage: 'Estimating the memory that it takes' };
  const estimated = estimatedModel(checkpoint, tokenizer, { height: side, width: side });
  const available = availableMemory();
  const networks = variants.includes('dds') ? 'one' : 'two';
  requireMemory(await estimateEditing(estimated, plan, { networks }), available);
  if (plan === undefined || steering === undefined) return;
  const estimate = await estimateSteeredEdit(estimated, plan, steering);
  if (estimate.peak <= available) return;
  requireMemory(estimate, available, await smallerEdits(estimated, plan, steering));
}

/** Steering, or the edit with what was steered, whichever takes more. */
export async function estimateSteeredEdit(
  estimated: EstimatedModel,
  plan: ConceptPlan,
  steering: SteeringSettings,
): Promise<MemoryEstimate> {
  const { subset } = steering;
  const steered: ConceptPlan =
    subset.kind === 'lora beside'
      ? { ...plan, method: { ...subset, kind: 'lora', textEncoder: 'frozen' } }
      : plan;
  const estimates = [
    await estimateSteering(estimated, plan, steering),
    await estimateEditing(estimated, steered, { concept: 'steered' }),
  ];
  return estimates.reduce((a, b) => (b.peak > a.peak ? b : a));
}

/** What the command can be told instead, the smallest change first. */
export async function smallerEdits(
  estimated: EstimatedModel,
  plan: ConceptPlan,
  steering: SteeringSettings,
): Promise<readonly MemoryAlternative[]> {
  const beside = { ...steering, subset: loraBeside };
  return [
    ...(steering.subset.kind === 'lora beside'
      ? []
      : [
          {
            label: '--steer-what lora',
            estimate: await estimateSteeredEdit(estimated, plan, beside),
          },
        ]),
    { label: '--no-steer', estimate: await estimateEditing(estimated, plan) },
  ];
}
