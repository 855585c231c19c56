import { Owner } from '../../engine/index.ts';
import {
  type Checkpoint,
  openCheckpoint,
  type Prediction,
  readTokenizer,
  readTokenizerFolder,
  type StableDiffusion,
} from '../../files/checkpoints/index.ts';
import { FormatError } from '../../files/formats/index.ts';
import type { Tokenizer } from '../../networks/clip/index.ts';
import { ParameterError, type TaskContext, TaskError } from '../tasks/task.ts';
import type { TaskEvent } from '../tasks/task-event.ts';
import { isThere } from './is-there.ts';
import { locateModel } from './locate-model.ts';

export interface OpenModelOptions {
  /** Path or id on the hub. Default: the model that the package brings. */
  readonly model?: string | undefined;
  readonly variant: 'full' | 'fp16';
  /** Folder of the tokenizer that a single file borrows. */
  readonly tokenizer?: string | undefined;
  /** What the UNet predicts. Default: as its files tell. */
  readonly prediction?: Prediction | undefined;
}

/** A model and its tokenizer, to which concepts can be applied; weights are on disk. */
export interface OpenedModel {
  /** As it was asked for, without the folders of a path. */
  readonly title: string;
  readonly checkpoint: StableDiffusion;
  readonly tokenizer: Tokenizer;
  /** What the tokenizer was made from, the model's own or borrowed, by their names. */
  readonly tokenizerFiles: ReadonlyMap<string, Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens a whole model, pulling it first where it is an id of the hub.
 * @throws TaskError or the errors of files, a sentence each
 */
export async function* openModel(
  options: OpenModelOptions,
  context: TaskContext,
): AsyncGenerator<TaskEvent, OpenedModel> {
  const path =
    options.model === undefined
      ? await builtInModel(context)
      : yield* locateModel(options.model, options.variant, context);
  yield { kind: 'stage', stage: 'Opening the model' };
  const opened = await openCheckpoint(path, {
    ...(options.variant === 'fp16' && { variant: 'fp16' }),
    ...(options.prediction && { prediction: options.prediction }),
  });
  await using owner = new Owner();
  owner.defer(opened.close);
  const checkpoint = requireModel(opened);
  const tokenizerFiles = await tokenizerFilesOf(path, checkpoint, options.tokenizer);
  const tokenizer = await readTokenizer(options.tokenizer ?? path, tokenizerFiles);
  yield { kind: 'note', message: opened.sentence };
  const named = path === options.model ? lastPart(path) : options.model;
  const title = path === context.builtInModel ? 'built-in' : named!;
  return { title, checkpoint, tokenizer, tokenizerFiles, close: owner.move().dispose };
}

/** The last part of a path: its folders are nobody's business. */
export const lastPart = (path: string): string => path.split(/[/\\]/).findLast(Boolean) ?? '';

async function builtInModel({ builtInModel }: TaskContext): Promise<string> {
  if (await isThere(builtInModel)) return builtInModel;
  throw new ParameterError(
    'model',
    'none is named, and the built-in one (models/pocket) is not part of this installation; name a diffusers folder, a single-file checkpoint, or an id of the hub such as stable-diffusion-v1-5/stable-diffusion-v1-5',
  );
}

function requireModel(checkpoint: Checkpoint): StableDiffusion {
  if (checkpoint.kind === 'model') return checkpoint.model;
  throw new TaskError(
    `${checkpoint.sentence}; a whole model is needed here, and this goes on top of one (--concept)`,
  );
}

async function tokenizerFilesOf(
  path: string,
  { tokenizerFiles }: StableDiffusion,
  borrowed: string | undefined,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if (borrowed !== undefined) return readTokenizerFolder(borrowed);
  if (tokenizerFiles.size > 0) return tokenizerFiles;
  throw new FormatError(
    `${path}: a single file has no tokenizer; name the folder of one of the same family, or a diffusers folder that has it (--tokenizer)`,
  );
}
