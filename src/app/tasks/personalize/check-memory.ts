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
  { memoryCheck, classPictures }: PersonalizeParameters,
  { checkpoint, tokenizer, size }: Personalized,
  { concept, training }: PersonalizationRecipe,
): AsyncGenerator<TaskEvent, void> {
  if (!memoryCheck) return;
  yield { kind: 'stage', stage: 'Estimating the memory that it takes' };
  const model = estimatedModel(checkpoint, tokenizer, { height: size, width: size });
  const available = availableMemory();
  const estimate = await estimatePersonalization(model, concept, training);
  if (estimate.peak <= available) return;
  const lora = {
    ...concept,
    method: { kind: 'lora', rank: 4, alpha: 4, targets: ['attention'], textEncoder: 'frozen' },
  } as const;
  const without = `--prior-pictures 0${classPictures === undefined ? '' : ' and no --class-pictures'}`;
  const alone = { ...training, prior: { kind: 'none' } as const };
  const isPreserved = training.prior.kind === 'preserve';
  const isLora = concept.method.kind === 'lora';
  const changes = [
    ...(isPreserved ? [[without, concept, alone] as const] : []),
    ...(isLora ? [] : [['--method lora', lora, training] as const]),
    ...(isPreserved && !isLora ? [[`--method lora ${without}`, lora, alone] as const] : []),
  ];
  const alternatives: MemoryAlternative[] = [];
  for (const [label, plan, settings] of changes) {
    alternatives.push({ label, estimate: await estimatePersonalization(model, plan, settings) });
  }
  requireMemory(estimate, available, alternatives);
}
