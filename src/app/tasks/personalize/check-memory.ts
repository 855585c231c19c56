import type { StableDiffusion } from '../../../files/checkpoints/index.ts';
import {
  estimatePersonalization,
  type MemoryAlternative,
  requireMemory,
} from '../../../methods/memory/index.ts';
import type { Tokenizer } from '../../../networks/clip/index.ts';
import { availableMemory, estimatedModel } from '../../models/memory-room.ts';
import type { TaskEvent } from '../task-event.ts';
import type { PersonalizeParameters } from './parameters.ts';
import type { PersonalizationRecipe } from './personalization-recipe.ts';

interface Personalized {
  readonly checkpoint: StableDiffusion;
  readonly tokenizer: Tokenizer;
  /** Side of pictures, in pixels. */
  readonly size: number;
}

/** @throws a sentence with what it takes and what would fit, if it will not fit */
export async function* checkPersonalizationMemory(
  { memoryCheck }: PersonalizeParameters,
  { checkpoint, tokenizer, size }: Personalized,
  { concept, training }: PersonalizationRecipe,
): AsyncGenerator<TaskEvent, void> {
  if (!memoryCheck) return;
  yield { kind: 'stage', stage: 'Estimating the memory that it takes' };
  const model = estimatedModel(checkpoint, tokenizer, size);
  const available = availableMemory();
  const estimate = await estimatePersonalization(model, concept, training);
  if (estimate.peak <= available) return;
  const lora = {
    ...concept,
    method: { kind: 'lora', rank: 4, alpha: 4, targets: ['attention'], textEncoder: 'frozen' },
  } as const;
  const changes = [
    ['--prior-pictures 0', concept, { ...training, prior: { kind: 'none' } as const }],
    ['--method lora', lora, training],
    ['--method lora --prior-pictures 0', lora, { ...training, prior: { kind: 'none' } as const }],
  ] as const;
  const alternatives: MemoryAlternative[] = [];
  for (const [label, plan, settings] of changes) {
    alternatives.push({ label, estimate: await estimatePersonalization(model, plan, settings) });
  }
  requireMemory(estimate, available, alternatives);
}
