import type { ConceptPlan } from '../personalization/index.ts';
import type { SteeringSettings } from '../steering/index.ts';
import { type EstimatedModel, estimateSteering } from './estimate-memory.ts';
import type { MemoryAlternative } from './memory-estimate.ts';

/** Ways to steer the same concept that take less memory, the smallest change first. */
export async function smallerSteering(
  model: EstimatedModel,
  plan: ConceptPlan,
  settings: SteeringSettings,
): Promise<readonly MemoryAlternative[]> {
  const { optimization } = settings;
  const changes: readonly (readonly [label: string, settings: SteeringSettings])[] = [
    ['activations recomputed', { ...settings, optimization: { ...optimization, activations: 'recompute' } }],
    [
      'one row a pass',
      {
        ...settings,
        optimization: { ...optimization, activations: 'recompute', rowsPerPass: 1 },
      },
    ],
    [
      'a LoRA of rank 4 beside the concept, one row a pass',
      {
        ...settings,
        subset: { kind: 'lora beside', rank: 4, alpha: 4, targets: ['attention'] },
        optimization: { ...optimization, activations: 'recompute', rowsPerPass: 1 },
      },
    ],
  ];
  const found: MemoryAlternative[] = [];
  for (const [label, change] of changes) {
    found.push({ label, estimate: await estimateSteering(model, plan, change) });
  }
  return found;
}
