import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { NdArray, TrainingState, Tree } from '../../../engine/index.ts';
import { readTrainingState, writeTrainingState } from '../../../files/checkpoints/index.ts';
import { replaceFile } from '../../../files/formats/index.ts';
import type { ClipParameters, Training, VisionParameters } from '../../../pocket/training/index.ts';
import { isThere } from '../../models/is-there.ts';
import { TaskError } from '../task.ts';
import { type GivenModel, readGivenModel } from './given-model.ts';

/** The folder of a model's trainings. Everything in it appears whole or not at all, but for the logs. */
export interface TrainingFolder {
  readonly path: (name: string) => string;
  /** The file that the state of a training is saved in. */
  readonly statePath: (training: Training) => string;
  /** Undefined before the first save. */
  readonly state: (training: Training) => Promise<TrainingState | undefined>;
  readonly save: (training: Training, state: TrainingState) => Promise<void>;
  /** How the training was last run; undefined before it was. */
  readonly record: (training: Training) => Promise<TrainingRecord | undefined>;
  readonly saveRecord: (training: Training, record: TrainingRecord) => Promise<void>;
  /** What a training from scratch begins with, if a model was given. */
  readonly given: (training: Training) => Promise<Tree<NdArray> | undefined>;
  /** What the latents of a given model are multiplied by, if its encoder is what trainings build on. */
  readonly givenScalingFactor: () => Promise<number | undefined>;
  readonly write: (name: string, bytes: Uint8Array) => Promise<void>;
}

const settingsSchema = z.object({ steps: z.number() }).catchall(z.number());

const recordSchema = z.object({
  /** All its settings. */
  recipe: settingsSchema,
  /** Of all its randomness. */
  seed: z.number().optional(),
  /** Other settings that it was run with before, each until so many steps were made. */
  earlier: z.array(z.object({ until: z.number(), recipe: settingsSchema })).optional(),
  /** Fingerprints of what it builds on. */
  foundations: z.record(z.string(), z.string()),
});

export type TrainingRecord = z.infer<typeof recordSchema>;

/** Names of settings that have another value in `now` than in `before`. */
export const changedSettings = (
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): readonly string[] => Object.keys(now).filter((name) => now[name] !== before[name]);

/** @param start folder of a model whose parameters stand for trainings that are not in the folder */
export async function openTrainingFolder(path: string, start?: string): Promise<TrainingFolder> {
  await mkdir(path, { recursive: true });
  let model: Promise<GivenModel> | undefined;
  const givenModel = async () => {
    if (start !== undefined) model ??= readGivenModel(start);
    return model;
  };
  const inside = (name: string) => join(path, name);
  const statePath = (training: Training) => inside(`${training}.state.safetensors`);
  const write = (name: string, bytes: Uint8Array) => replaceFile(inside(name), (put) => put(bytes));
  const hasState = (training: Training) => isThere(statePath(training));
  return {
    path: inside,
    statePath,
    state: async (training) =>
      (await hasState(training)) ? readTrainingState(statePath(training)) : undefined,
    save: (training, state) => writeTrainingState(statePath(training), state),
    record: (training) => readJson(inside(recordName(training)), recordSchema),
    saveRecord: (training, record) => write(recordName(training), json(record)),
    given: async (training) =>
      training === 'reconstruction' || training === 'vision' ? undefined : (await givenModel())?.[training],
    givenScalingFactor: async () =>
      (await hasState('vae')) || (await hasState('reconstruction'))
        ? undefined
        : (await givenModel())?.scalingFactor,
    write,
  };
}

const recordName = (training: Training) => `${training}.json`;

/** @throws TaskError for a file that does not hold what it should */
export async function readJson<Value>(path: string, schema: z.ZodType<Value>): Promise<Value | undefined> {
  if (!(await isThere(path))) return undefined;
  const parsed = schema.safeParse(jsonOrUndefined(await readFile(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new TaskError(`${path}: is not what a training writes there; remove it`);
}

export const json = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);

export function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The averaged parameters that a training has come to. @throws TaskError if it has not begun */
export async function averagesOf(folder: TrainingFolder, training: Training): Promise<Tree<NdArray>> {
  const state = await folder.state(training);
  const parameters = state === undefined ? await folder.given(training) : averagesIn(state);
  if (parameters !== undefined) return parameters;
  const out = folder.path('.');
  throw new TaskError(
    `${out}: there is no state of the training "${training}", which this needs; run it first (dreamsteerer pretrain ${training} --out ${out}), or name the model that the trainings here began with (--start)`,
  );
}

export const averagesIn = (state: TrainingState): Tree<NdArray> =>
  (state as { readonly averages: Tree<NdArray> }).averages;

/** Steps made: the first counter of a state. */
export const stepsIn = (state: TrainingState): number =>
  Number((state as { readonly counters: NdArray }).counters.data[0]);

/** The autoencoder before it is tuned. */
export const firstVae = (folder: TrainingFolder): Promise<Tree<NdArray>> => averagesOf(folder, 'vae');

/** Both towers before the vision tower is tuned. */
export const firstClip = async (folder: TrainingFolder): Promise<ClipParameters> =>
  (await averagesOf(folder, 'clip')) as ClipParameters;

/** The autoencoder, as tuned if it was. */
export async function trainedVae(folder: TrainingFolder): Promise<Tree<NdArray>> {
  const tuned = await folder.state('reconstruction');
  return tuned === undefined ? firstVae(folder) : averagesIn(tuned);
}

/** Both towers, the vision tower as tuned if it was. */
export async function trainedClip(folder: TrainingFolder): Promise<ClipParameters> {
  const clip = await firstClip(folder);
  const tuned = await folder.state('vision');
  return { ...clip, ...(tuned && (averagesIn(tuned) as VisionParameters)) };
}
