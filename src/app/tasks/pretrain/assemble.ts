import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Device } from '../../../engine/index.ts';
import { writeDiffusersFolder } from '../../../files/checkpoints/index.ts';
import { assemblePocketModel, pocketNetworks, trainings } from '../../../pocket/training/index.ts';
import { isThere } from '../../models/is-there.ts';
import type { TaskContext } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { scalingFactorOf } from './encoded-scenes.ts';
import { requireFoundations, unfinished } from './foundations.ts';
import { type PretrainParameters, recipes } from './parameters.ts';
import { progressOf } from './progress-of.ts';
import {
  averagesOf,
  openTrainingFolder,
  type TrainingFolder,
  trainedClip,
  trainedVae,
} from './training-folder.ts';

export interface AssembledModel {
  readonly stage: 'assemble';
  readonly model: string;
  readonly bytes: number;
}

/**
 * Puts the averaged parameters of the trainings together in float16, the tuned autoencoder and vision tower if there
 * are any; the model card of an earlier model stays. Warns of trainings that have not come to their end.
 * @throws TaskError if the training vae, clip or unet is missing, or one began on something else than there is now
 */
export async function* assemble(
  parameters: PretrainParameters,
  path: string,
  device: Device,
  { signal }: TaskContext,
): AsyncGenerator<TaskEvent, AssembledModel> {
  const folder = await openTrainingFolder(parameters.out, parameters.start);
  const recipe = recipes[parameters.recipe];
  yield { kind: 'stage', stage: 'Putting the model together' };
  for (const training of trainings) await requireFoundations(folder, training);
  for (const message of await incomplete(folder)) yield { kind: 'warning', message };
  const [vae, clip] = [await trainedVae(folder), await trainedClip(folder)];
  const unet = await averagesOf(folder, 'unet');
  const setting = { device, recipe, networks: pocketNetworks(recipe.configs), folder };
  const scalingFactor = yield* progressOf('Encoding scenes', scalingFactorOf(setting), signal);
  const trained = { vae, clip, unet, scalingFactor };
  const { model, beside } = assemblePocketModel(recipe.configs, trained);
  await mkdir(dirname(path), { recursive: true });
  const card = await readCard(path);
  await writeDiffusersFolder(path, model, {
    floats: 'float16',
    existing: 'replace',
    beside: { ...beside, files: new Map([...beside.files!, ...card]) },
  });
  yield { kind: 'file', path };
  return { stage: 'assemble', model: path, bytes: await sizeOfFolder(path) };
}

/** A sentence for each training that a model put together now would lack, or have in part. */
async function incomplete(folder: TrainingFolder): Promise<readonly string[]> {
  const sentences = [...(await unfinished(folder, trainings))];
  for (const [tuning, base, part] of [
    ['reconstruction', 'vae', 'the autoencoder'],
    ['vision', 'clip', 'the vision tower'],
  ] as const) {
    const isFromScratch = (await folder.state(base)) !== undefined; // a given model has it tuned
    if (isFromScratch && (await folder.state(tuning)) === undefined) {
      sentences.push(`There is no training "${tuning}", so ${part} stays as "${base}" left it`);
    }
  }
  return sentences;
}

/** The folder of the card's pictures. */
export const CARD = 'card';

/** README.md and its pictures. */
async function readCard(path: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  if (await isThere(join(path, 'README.md'))) files.set('README.md', await readFile(join(path, 'README.md')));
  if (await isThere(join(path, CARD))) {
    for (const name of await readdir(join(path, CARD))) {
      files.set(`${CARD}/${name}`, await readFile(join(path, CARD, name)));
    }
  }
  return files;
}

/** Bytes of all files in a folder and below. */
export async function sizeOfFolder(path: string): Promise<number> {
  const names = await readdir(path, { recursive: true });
  const entries = await Promise.all(names.map((name) => stat(join(path, name))));
  return entries.reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0);
}
