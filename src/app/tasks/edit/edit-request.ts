import { parseConceptReference } from '../../models/concept-reference.ts';
import type { ModelHashes } from '../../models/hash-opened-model.ts';
import type { PlainData } from '../../runs/content-hash.ts';
import type { RunRequest } from '../../runs/unfinished-run.ts';
import type { EditRecipe } from './edit-plan.ts';
import type { EditParameters } from './parameters.ts';

/** SHA-256 of all files that decide the result. */
export interface EditHashes extends ModelHashes {
  readonly picture: string;
  readonly mask: string | undefined;
  readonly concept: string | undefined;
}

export interface EditRequest {
  readonly parameters: EditParameters;
  readonly recipe: EditRecipe;
  readonly seed: number;
  readonly side: number;
  readonly hashes: EditHashes;
}

/** What decides an edit's result, and nothing else: where files lie, and how often is saved, does not. */
export const requestOf = ({ parameters, recipe, seed, side, hashes }: EditRequest): RunRequest => ({
  sourcePrompt: parameters.sourcePrompt,
  prompt: parameters.prompt,
  negativePrompt: parameters.negativePrompt,
  subject: parameters.subject,
  mask: parameters.mask === undefined ? 'automatic' : parameters.mask === 'none' ? 'none' : 'given',
  grow: parameters.grow,
  feather: parameters.feather,
  context: parameters.context,
  size: side,
  seed,
  conceptScale: parameters.concept && parseConceptReference(parameters.concept).scale,
  variants: recipe.variants,
  editing: recipe.editing as unknown as PlainData,
  steering: recipe.steering as unknown as PlainData,
  files: { ...hashes },
});
