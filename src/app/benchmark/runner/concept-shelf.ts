import { join } from 'node:path';
import { type OpenedConcept, readConcept } from '../../../files/checkpoints/index.ts';
import { type PromptedModel, releaseModel } from '../../../methods/diffusion/index.ts';
import { applyConcept } from '../../../methods/personalization/index.ts';
import { CONCEPT } from './learn-concept.ts';
import type { Workbench } from './workbench.ts';

/** A concept that was learned, open, and the model with it. */
export interface ShelvedConcept {
  readonly concept: OpenedConcept;
  readonly personalized: PromptedModel;
}

/** Keeps the concept that was used last: edits with it follow each other. */
export interface ConceptShelf {
  /** @param folder the result of a concept's job */
  take(folder: string): Promise<ShelvedConcept>;
  dispose(): Promise<void>;
}

export function conceptShelf({ base, checkpoint }: Workbench): ConceptShelf {
  let kept: (ShelvedConcept & { readonly folder: string }) | undefined;
  const dispose = async () => {
    const old = kept;
    kept = undefined;
    if (old === undefined) return;
    await releaseModel(old.personalized.model);
    await old.concept.close();
  };
  return {
    dispose,
    async take(folder) {
      if (kept?.folder === folder) return kept;
      await dispose();
      const concept = await readConcept(join(folder, CONCEPT), {
        base: { unet: checkpoint.unet.parameters, textEncoder: checkpoint.textEncoder.parameters },
      });
      try {
        kept = { folder, concept, personalized: await applyConcept(base, concept) };
        return kept;
      } catch (error) {
        await concept.close();
        throw error;
      }
    },
  };
}
