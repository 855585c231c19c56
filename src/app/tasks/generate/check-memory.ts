import type { StableDiffusion } from '../../../files/checkpoints/index.ts';
import { estimateSampling, requireMemory } from '../../../methods/memory/index.ts';
import type { ConceptModel } from '../../models/apply-concepts.ts';
import { availableMemory, estimatedModel } from '../../models/memory-room.ts';
import type { TaskEvent } from '../task-event.ts';
import type { DecidedParameters } from './parameters.ts';
import type { PicturePlan } from './plan-pictures.ts';

/** @throws a sentence with what it takes and what would fit, if it will not fit */
export function* checkSamplingMemory(
  { memoryCheck, guidanceScale, batch, count }: DecidedParameters,
  { width, height, own }: Pick<PicturePlan, 'width' | 'height' | 'own'>,
  model: ConceptModel & Pick<StableDiffusion, 'vae'>,
): Generator<TaskEvent, void> {
  if (!memoryCheck) return;
  yield { kind: 'stage', stage: 'Estimating the memory that it takes' };
  const available = availableMemory();
  const pictures = Math.min(batch, count);
  const estimate = (size: { width: number; height: number }, pictures: number) =>
    estimateSampling(
      estimatedModel(model, model.tokenizer, size),
      guidanceScale === 1 ? pictures : 2 * pictures,
    );
  const wanted = estimate({ width, height }, pictures);
  if (wanted.peak <= available) return;
  const usual = { width: own, height: own };
  requireMemory(wanted, available, [
    ...(pictures > 1 ? [{ label: '--batch 1', estimate: estimate({ width, height }, 1) }] : []),
    ...(width * height > own * own
      ? [{ label: "the model's own size and --batch 1", estimate: estimate(usual, 1) }]
      : []),
  ]);
}
