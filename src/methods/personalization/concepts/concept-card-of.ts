import type { ConceptCard } from '../../../files/checkpoints/index.ts';
import type { ConceptDefinition } from '../personalize-options.ts';
import type { TrainingSettings } from '../training/training-settings.ts';

export interface CardOptions {
  readonly concept: ConceptDefinition;
  readonly training: TrainingSettings;
  readonly seed: number;
  /** Name of the model that it was learned on, and its hash (`hashModel`). */
  readonly base: { readonly name: string; readonly hash: string };
  /** Steps made. Default: those of the training. */
  readonly steps?: number;
}

/** The card that a learned concept is written with. */
export const conceptCard = ({ concept, training, seed, base, steps }: CardOptions): ConceptCard => ({
  format: 'dreamsteerer concept 1',
  method: concept.method,
  base,
  tokens: concept.tokens,
  phrase: concept.phrase,
  classWord: concept.classWord,
  steps: steps ?? training.steps,
  seed,
  training: { ...training },
});
