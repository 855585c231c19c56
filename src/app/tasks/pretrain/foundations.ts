import { createHash } from 'node:crypto';
import { flatten, type NdArray, type Tree } from '../../../engine/index.ts';
import type { Training } from '../../../pocket/training/index.ts';
import { TaskError } from '../task.ts';
import { firstClip, firstVae, stepsIn, type TrainingFolder, trainedVae } from './training-folder.ts';

const encoderPaths = /^(encoder|quant_conv)\./;

/** What others build on: the trainings that make it, and the paths of its parameters among theirs. */
const foundations = {
  'first encoder': { trainings: ['vae'], parametersOf: firstVae, paths: encoderPaths },
  encoder: { trainings: ['vae', 'reconstruction'], parametersOf: trainedVae, paths: encoderPaths },
  'text tower': {
    trainings: ['clip'],
    parametersOf: firstClip,
    paths: /^text\./,
  },
} as const;

type Foundation = keyof typeof foundations;
/** Whose latents: those of the autoencoder before it is tuned, or as the UNet knows it. */
export type Encoder = Extract<Foundation, 'first encoder' | 'encoder'>;

/** What each training would not fit any more if it changed. */
const builtOn: { readonly [T in Training]: readonly Foundation[] } = {
  vae: [],
  reconstruction: ['first encoder'],
  clip: [],
  unet: ['encoder', 'text tower'],
  vision: ['text tower'],
};

/** Fingerprints of what a training builds on, as it is now. @throws TaskError if one of them is not there */
export async function foundationsOf(
  folder: TrainingFolder,
  training: Training,
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const name of builtOn[training]) found[name] = await fingerprintOf(folder, name);
  return found;
}

/** @throws TaskError if a training was begun on something else than there is now */
export async function requireFoundations(folder: TrainingFolder, training: Training): Promise<void> {
  const [state, record] = [await folder.state(training), await folder.record(training)];
  if (state === undefined || record === undefined) return;
  const now = await foundationsOf(folder, training);
  const changed = builtOn[training].filter((name) => record.foundations[name] !== now[name]);
  if (changed.length === 0) return;
  throw new TaskError(
    `${folder.statePath(training)}: was trained on another ${changed.join(' and ')} than there is now; remove it to begin anew`,
  );
}

/** Trainings that a training builds on. */
export const trainingsBelow = (training: Training): readonly Training[] =>
  builtOn[training].flatMap((name) => foundations[name].trainings);

/** A sentence for each that has begun and has not made all its steps. */
export async function unfinished(
  folder: TrainingFolder,
  among: readonly Training[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const training of among) {
    const [state, record] = [await folder.state(training), await folder.record(training)];
    const [done, steps] = [state && stepsIn(state), record?.recipe.steps];
    if (done !== undefined && steps !== undefined && done < steps) {
      found.push(`The training "${training}" has made ${done} of its ${steps} steps`);
    }
  }
  return found;
}

/** All parameters of what trainings made of it so far. @throws TaskError if none has begun */
export const parametersOf = (folder: TrainingFolder, name: Foundation): Promise<Tree<NdArray>> =>
  foundations[name].parametersOf(folder);

export async function fingerprintOf(folder: TrainingFolder, name: Foundation): Promise<string> {
  const { paths } = foundations[name];
  const leaves = flatten<NdArray>(await parametersOf(folder, name));
  return fingerprint(leaves.filter(([path]) => paths.test(path)));
}

/** 12 hexadecimal digits that tell arrays from others. */
export function fingerprint(arrays: readonly (readonly [name: string, array: NdArray])[]): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of arrays) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex').slice(0, 12);
}
