import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ArrayFile } from '../../formats/array-file.ts';
import { FormatError, locate, quote } from '../../formats/format-error.ts';
import { openArrays } from '../../formats/open-arrays.ts';
import type { HubOptions } from '../../hub/index.ts';
import { confinedFolder, findInside } from '../confined-folder.ts';
import {
  type CustomDiffusionOptions,
  customDiffusionOf,
  isCustomDiffusion,
} from '../custom-diffusion/read-custom-diffusion.ts';
import { type FolderOptions, openDiffusersFolder } from '../diffusers-folder/open-diffusers-folder.ts';
import type { LearnedEmbedding } from '../embedding/learned-embedding.ts';
import { type EmbeddingOptions, embeddingOf, recogniseEmbedding } from '../embedding/read-embedding.ts';
import { type LoraBase, matchLora } from '../lora/match-lora.ts';
import { isLora, loraOf } from '../lora/read-lora.ts';
import { isSingleFile, type SingleFileOptions, singleFile } from '../single-file/open-single-file.ts';
import type { Checkpoint } from './checkpoint.ts';
import {
  describeCustomDiffusion,
  describeEmbedding,
  describeLora,
  describeModel,
} from './describe-checkpoint.ts';
import { locateCheckpoint } from './locate-checkpoint.ts';
import { savedNames } from './saved-names.ts';

export interface CheckpointOptions
  extends FolderOptions,
    SingleFileOptions,
    EmbeddingOptions,
    CustomDiffusionOptions {
  /** Parameters that a LoRA is matched with. Without them its names are not checked. */
  readonly base?: LoraBase;
  /** Where ids of the hub come from. Without it only paths are opened; `locateCheckpoint` tells of the download. */
  readonly hub?: HubOptions;
}

/**
 * Opens whatever checkpoint is at the path: a model (diffusers folder, single file), a learned embedding, a LoRA,
 * Custom Diffusion, or a folder that one of the last three was saved in. What it is shows in its contents.
 * @param pathOrId with `hub` also the id of a model there, `organisation/name`, which is pulled first
 * @throws FormatError, one sentence, if it is none of them or not wholly as it should be
 */
export async function openCheckpoint(pathOrId: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
  const path = options.hub === undefined ? pathOrId : await pulledPath(pathOrId, options.hub, options);
  const status = await stat(path).catch((cause) => {
    throw new FormatError(`${path}: is not there (${cause.code}); check the path`, { cause });
  });
  return status.isDirectory() ? openFolder(path, options) : openFile(path, options);
}

/** Without its events. */
async function pulledPath(pathOrId: string, hub: HubOptions, { variant }: CheckpointOptions) {
  const events = locateCheckpoint(pathOrId, { hub, variant: variant === 'fp16' ? 'fp16' : 'full' });
  let next = await events.next();
  while (!next.done) next = await events.next();
  return next.value;
}

async function openFolder(path: string, options: CheckpointOptions): Promise<Checkpoint> {
  const folder = await confinedFolder(path, options.confinedTo);
  if ((await findInside(folder, 'model_index.json')) !== undefined) {
    const model = await openDiffusersFolder(path, options);
    return { kind: 'model', model, path, sentence: describeModel(model), close: model.close };
  }
  for (const name of savedNames) {
    const file = await findInside(folder, name);
    if (file !== undefined) return openFile(file, options);
  }
  throw new FormatError(
    `${path}: holds no checkpoint; looked for model_index.json, ${savedNames.join(', ')}; give the folder or file that training saved`,
  );
}

async function openFile(path: string, options: CheckpointOptions): Promise<Checkpoint> {
  const file = await openArrays(path);
  try {
    return await recognise(file, path, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** From the most telling names to the least: a delta.ckpt has names of a whole model's UNet. */
async function recognise(file: ArrayFile, path: string, options: CheckpointOptions): Promise<Checkpoint> {
  const { close } = file;
  if (isCustomDiffusion(file)) {
    const opened = await customDiffusionOf(file, options);
    const embeddings = [...opened.embeddings, ...(await tokensBeside(path))];
    const sentence = describeCustomDiffusion(opened, embeddings);
    return { kind: 'Custom Diffusion', file: opened, embeddings, path, sentence, close };
  }
  if (isSingleFile(file.arrays.keys())) {
    const model = await singleFile(file, options);
    return { kind: 'model', model, path, sentence: describeModel(model), close };
  }
  if (isLora(file)) {
    const lora = await loraOf(file);
    const matched = options.base === undefined ? undefined : matchLora(lora, options.base);
    return { kind: 'LoRA', file: lora, matched, path, sentence: describeLora(lora, matched), close };
  }
  if ((await locate(file.name, () => recogniseEmbedding(file))) !== undefined) {
    const embedding = await embeddingOf(file, options);
    return { kind: 'embedding', file: embedding, path, sentence: describeEmbedding(path, embedding), close };
  }
  throw unrecognised(file);
}

/** diffusers saves each token of Custom Diffusion beside the weights, as `<new1>.bin`. */
async function tokensBeside(path: string): Promise<readonly LearnedEmbedding[]> {
  const names = (await readdir(dirname(path))).filter((name) => /^<[^<>]+>\.(bin|safetensors)$/.test(name));
  const folder = await confinedFolder(dirname(path));
  const found: LearnedEmbedding[] = [];
  for (const name of names.sort()) {
    const beside = await findInside(folder, name);
    if (beside === undefined) continue;
    const file = await openArrays(beside);
    try {
      found.push(...(await embeddingOf(file)).embeddings);
    } finally {
      await file.close();
    }
  }
  return found;
}

function unrecognised({ name, arrays }: ArrayFile): FormatError {
  const keys = [...arrays.keys()];
  const shown = keys.length === 0 ? 'no tensors' : keys.slice(0, 3).map(quote).join(', ');
  return new FormatError(
    `${name}: none of its keys belongs to a model, a LoRA, Custom Diffusion or an embedding; it has ${shown}${keys.length > 3 ? ', …' : ''}; give the whole model, or what its training saved`,
  );
}
