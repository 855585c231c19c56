import type { LazySource, NdArray, Source, StepReport, Tree } from '../../engine/index.ts';
import type { Picture } from '../../files/images/index.ts';
import type { Tokenizer } from '../../networks/clip/index.ts';
import type { PromptedModel, Scheduler } from '../diffusion/index.ts';
import type { ConceptPlan } from './methods/personalization-method.ts';
import type { Learned } from './model-trees.ts';
import type { ClassPictureEvent, GenerationSettings } from './training/class-pictures.ts';
import type { EncodedEvent } from './training/encode-examples.ts';
import type { Every } from './training/is-due.ts';
import type { SampleEvent, SampleRequest } from './training/sample-pictures.ts';
import type { TrainingSettings } from './training/training-settings.ts';

/** What is personalized. */
export interface PersonalizationBase extends PromptedModel {
  readonly scheduler: Scheduler;
}

/** What is learned, and what it is called. */
export interface ConceptDefinition extends ConceptPlan {
  /** What prompts call it: `<biscuit> cat`, or with a rare word `sks cat`. */
  readonly phrase: string;
  /** What it is one of: `cat`. */
  readonly classWord: string;
}

export interface Reference {
  readonly picture: Picture;
  /** Its prompt, in which `{}` stands for the phrase. Default: neutral wordings. */
  readonly caption?: string;
}

export interface ClassPicture {
  readonly picture: Picture;
  /** Its prompt. Default: a photo of the class. */
  readonly caption?: string;
}

export interface PersonalizeOptions {
  readonly concept: ConceptDefinition;
  /** Three to five are usual. Of any size; cropped to squares. */
  readonly references: readonly Reference[];
  readonly training: TrainingSettings;
  /** Side of the pictures that the model is trained with, in pixels. Default: the model's own. */
  readonly size?: number;
  /** Where all randomness comes from, a whole number. */
  readonly seed: number;
  /** For prior preservation, real or generated before; what is missing of its number is generated. */
  readonly classPictures?: readonly ClassPicture[];
  /** Of class pictures. */
  readonly generation?: GenerationSettings;
  /** Pictures of the concept now and then. Default: none. */
  readonly samples?: SampleRequest;
  /**
   * Steps between checkpoints, or whether there is one after a step; after the last one there is, and after that in which
   * `signal` asks to stop. Default: none.
   */
  readonly checkpointEvery?: Every;
  /** Steps between measurements of the class word's drift. Default: none. */
  readonly driftEvery?: number;
  /** A checkpoint's state, of the same concept, pictures, settings and seed; sources are read once. */
  readonly resumeFrom?: Tree<Source>;
  /** Stops between two steps, of learning or of a picture that is made; a sample that is not done is left out. */
  readonly signal?: AbortSignal;
}

export type PersonalizeEvent =
  | EncodedEvent
  | ClassPictureEvent
  | SampleEvent
  | ({ readonly kind: 'step' } & StepReport)
  /** See `probeDrift`. */
  | { readonly kind: 'drift'; readonly step: number; readonly drift: number }
  /**
   * Written down (`writeTrainingState`), it lets the training go on as if it had not stopped. To be read leaf by leaf,
   * before the next event is asked for.
   */
  | { readonly kind: 'checkpoint'; readonly step: number; readonly state: Tree<LazySource> };

export interface Personalized {
  /** In float32; the moving average if one was kept. */
  readonly learned: Learned<NdArray>;
  /** Knows the concept's words. */
  readonly tokenizer: Tokenizer;
}
