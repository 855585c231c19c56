import type { MethodKind } from '../../../files/checkpoints/index.ts';
import type { EditVariant } from '../../../methods/editing/index.ts';
import type {
  ConceptDefinition,
  GenerationSettings,
  TrainingSettings,
} from '../../../methods/personalization/index.ts';
import type { SteeringSettings } from '../../../methods/steering/index.ts';
import type { Job } from '../harness/job.ts';
import type { ReferenceFile } from '../manifest/picture-files.ts';
import type { ClassBiasSettings, EditingSettings } from './benchmark-settings.ts';

/** Learns a concept; every edit with it comes after. */
export interface LearnJob extends Job {
  readonly kind: 'learn';
  readonly baseline: MethodKind;
  readonly definition: ConceptDefinition;
  readonly references: readonly ReferenceFile[];
  readonly training: TrainingSettings;
  /** Of class pictures, where the prior is preserved. */
  readonly generation?: GenerationSettings;
  readonly seed: number;
}

/** Edits a picture, after steering if it is steered; keeps pictures after some of the steps. */
export interface EditJob extends Job {
  readonly kind: 'edit';
  /** Hash of the concept's job. */
  readonly learn: string;
  readonly picture: string;
  readonly prompt: string;
  /** With the concept's phrase. */
  readonly targetPrompt: string;
  readonly variant: EditVariant;
  readonly mask: { readonly kind: 'none' | 'automatic' } | { readonly kind: 'true'; readonly path: string };
  readonly settings: EditingSettings;
  readonly steering: SteeringSettings | 'none';
  /** What guided images are scored by, where more are made than kept. */
  readonly references: readonly ReferenceFile[];
  readonly seed: number;
}

/** Measures the pictures of an edit. Further metrics measure again and need no edit. */
export interface MeasureJob extends Job {
  readonly kind: 'measure';
  /** Hash of the edit's job. */
  readonly edit: string;
  readonly source: string;
  /** The target prompt in words that CLIP knows. */
  readonly caption: string;
  readonly references: readonly ReferenceFile[];
  readonly subjectMask: string | undefined;
  readonly oracle: string | undefined;
  readonly oracleMask: string | undefined;
}

/** Pictures of the class word, before and after a concept of the class was learned. */
export interface ClassBiasJob extends Job {
  readonly kind: 'class bias';
  readonly learn: string;
  readonly classWord: string;
  readonly phrase: string;
  readonly references: readonly ReferenceFile[];
  readonly settings: ClassBiasSettings;
  readonly seed: number;
}

export type BenchmarkJob = LearnJob | EditJob | MeasureJob | ClassBiasJob;
export type BenchmarkJobKind = BenchmarkJob['kind'];
export type BenchmarkJobOf<K extends BenchmarkJobKind> = Extract<BenchmarkJob, { readonly kind: K }>;
