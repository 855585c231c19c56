import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { NdArray, TrainingState, Tree } from '../../../engine/index.ts';
import { readTrainingState, writeTrainingState } from '../../../files/checkpoints/index.ts';
import { replaceFile } from '../../../files/formats/index.ts';
import type {
  ClipParameters,
  DecoderParameters,
  Training,
  VisionParameters,
} from '../../../pocket/training/index.ts';
import { isThere } from '../../models/is-there.ts';
import { TaskError } from '../task.ts';
import { type GivenModel, readGivenModel } from './given-model.ts';

/** The folder of a model's trainings. Everything in it appears whole or not at all, but for the logs. */
export interface TrainingFolder {
  readonly path: (name: string) => string;
  /** Undefined before the first save. */
  readonly state: (training: Training) => Promise<TrainingState | undefined>;
  /** What a training from scratch begins with, if a model was given. */
  readonly given: (training: Training) => Promise<Tree<NdArray> | undefined>;
  readonly save: (training: Training, state: TrainingState) => Promise<void>;
  readonly write: (name: string, bytes: Uint8Array) => Promise<void>;
  /**
   * What the latents are multiplied by: that of the given model if the autoencoder is its own too, else measured; then
   * kept, so that no later training moves it.
   */
  readonly scalingFactor: (measure: () => Promise<number>) => Promise<number>;
}

/** @param start folder of a model whose parameters stand for trainings that are not in the folder */
export async function openTrainingFolder(folder: string, start?: string): Promise<TrainingFolder> {
  await mkdir(folder, { recursive: true });
  let model: Promise<GivenModel> | undefined;
  const givenModel = async () => {
    if (start !== undefined) model ??= readGivenModel(start);
    return model;
  };
  const path = (name: string) => join(folder, name);
  const statePath = (training: Training) => path(`${training}.state.safetensors`);
  const write = (name: string, bytes: Uint8Array) => replaceFile(path(name), (put) => put(bytes));
  const hasState = (training: Training) => isThere(statePath(training));
  return {
    path,
    state: async (training) =>
      (await hasState(training)) ? readTrainingState(statePath(training)) : undefined,
    given: async (training) =>
      training === 'decoder' || training === 'vision' ? undefined : (await givenModel())?.[training],
    save: (training, state) => writeTrainingState(statePath(training), state),
    write,
    scalingFactor: async (measure) => {
      const file = 'latents.json';
      if (await isThere(path(file))) {
        const parsed = latentsSchema.safeParse(JSON.parse(await readFile(path(file), 'utf8')));
        if (parsed.success) return parsed.data.scalingFactor;
        throw new TaskError(
          `${path(file)}: holds no scalingFactor above 0; remove the file to measure it anew`,
        );
      }
      const given = (await hasState('vae')) ? undefined : await givenModel();
      const scalingFactor = given?.scalingFactor ?? (await measure());
      await write(file, Buffer.from(`${JSON.stringify({ scalingFactor })}\n`));
      return scalingFactor;
    },
  };
}

const latentsSchema = z.object({ scalingFactor: z.number().positive() });

/** The averaged parameters that a training has come to. @throws TaskError if it has not begun */
export async function averagesOf(folder: TrainingFolder, training: Training): Promise<Tree<NdArray>> {
  const state = await folder.state(training);
  const parameters = state === undefined ? await folder.given(training) : averagesIn(state);
  if (parameters !== undefined) return parameters;
  throw new TaskError(
    `${folder.path('')}: there is no state of the training "${training}", which this needs; run it first: dreamsteerer pretrain ${training}`,
  );
}

export const averagesIn = (state: TrainingState): Tree<NdArray> =>
  (state as { readonly averages: Tree<NdArray> }).averages;

/** The autoencoder, with its decoder as tuned if it was. */
export async function trainedVae(folder: TrainingFolder): Promise<Tree<NdArray>> {
  const vae = await averagesOf(folder, 'vae');
  const tuned = await folder.state('decoder');
  return tuned === undefined ? vae : withDecoder(vae, averagesIn(tuned));
}

/** An autoencoder with another decoder. */
export const withDecoder = (vae: Tree<NdArray>, decoder: Tree<NdArray>): Tree<NdArray> => ({
  ...(vae as { readonly [part: string]: Tree<NdArray> }),
  ...(decoder as DecoderParameters),
});

/** Both towers, the vision tower as tuned if it was. */
export async function trainedClip(folder: TrainingFolder): Promise<ClipParameters> {
  const clip = await averagesOf(folder, 'clip');
  const tuned = await folder.state('vision');
  return { ...(clip as ClipParameters), ...(tuned && (averagesIn(tuned) as VisionParameters)) };
}
