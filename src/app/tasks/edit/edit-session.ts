import type { RandomKey } from '../../../engine/index.ts';
import type { Picture } from '../../../files/images/index.ts';
import type { MaskOptions } from '../../../methods/editing/index.ts';
import type { LearnedConcept, PersonalizationBase } from '../../../methods/personalization/index.ts';
import type { Tokenizer } from '../../../networks/clip/index.ts';
import type { Stopwatch } from '../../runs/stopwatch.ts';
import type { UnfinishedRun } from '../../runs/unfinished-run.ts';
import type { EditRecipe } from './edit-plan.ts';
import type { EditParameters } from './parameters.ts';

/** What the stages of an edit share. */
export interface EditSession {
  readonly parameters: EditParameters;
  readonly recipe: EditRecipe;
  readonly seed: number;
  readonly key: RandomKey;
  readonly picture: Picture;
  readonly mask: MaskOptions;
  readonly base: PersonalizationBase;
  readonly concept: LearnedConcept | undefined;
  /** Where it lies on this disk. */
  readonly conceptPath: string | undefined;
  /** Knows the concept's words. */
  readonly tokenizer: Tokenizer;
  /** Of the square that the model sees, in pixels. */
  readonly side: number;
  readonly run: UnfinishedRun;
  readonly watch: Stopwatch;
  readonly signal: AbortSignal | undefined;
}
