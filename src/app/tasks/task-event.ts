/**
 * What tasks report while they run: plain JSON, the same for the command line, a page and `--json`. A task that has
 * something else to tell adds a kind here; every display then refuses to compile until it knows it.
 */
export type TaskEvent =
  /** What is being done now, in words: "Loading the model". */
  | { readonly kind: 'stage'; readonly stage: string }
  /** How far a stage is. It begins with `done` at what needs no time any more, mostly 0. */
  | {
      readonly kind: 'progress';
      readonly stage: string;
      readonly done: number;
      readonly total: number;
      readonly unit: ProgressUnit;
    }
  /** Worth knowing: what was found, assumed or chosen. */
  | { readonly kind: 'note'; readonly message: string }
  /** Probably not what was meant; the task goes on. */
  | { readonly kind: 'warning'; readonly message: string }
  /** A picture of how far it is: a file that is replaced when there is another, and goes in the end. */
  | { readonly kind: 'preview'; readonly stage: string; readonly done: number; readonly path: string }
  /** A file is there, whole and under its name. */
  | { readonly kind: 'file'; readonly path: string };

export type ProgressUnit = 'steps' | 'bytes' | 'pictures';

export type TaskEventKind = TaskEvent['kind'];
