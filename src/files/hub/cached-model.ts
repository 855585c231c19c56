import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { CacheLayout } from './cache-layout.ts';
import { HubError } from './hub-error.ts';
import { isFile } from './link-snapshot.ts';
import { readModelIndex } from './model-index.ts';
import { MODEL_INDEX, selectPipelineFiles, type WeightsVariant } from './pipeline-files.ts';
import { isCommit, type Repository } from './repository.ts';

/** A pipeline on this disk: a diffusers folder. */
export interface PulledModel {
  readonly folder: string;
  readonly commit: string;
  /** Its paths inside the folder. */
  readonly files: readonly string[];
}

/**
 * The model as it lies in the cache, without any connection.
 * @throws {HubError} that names what is missing, without the repository's name
 */
export const findCachedModel = (
  layout: CacheLayout,
  repository: Repository,
  variant: WeightsVariant,
): Promise<PulledModel> =>
  findCached(layout, repository, async (folder, present) => {
    if (!present.has(MODEL_INDEX)) throw new HubError(`has no ${MODEL_INDEX}`);
    return selectPipelineFiles(await readModelIndex(join(folder, MODEL_INDEX)), present, variant);
  });

/**
 * The same for anything else that was pulled.
 * @param select its files among those that are there
 */
export async function findCached(
  layout: CacheLayout,
  { revision }: Repository,
  select: (folder: string, present: ReadonlySet<string>) => Promise<string[]>,
): Promise<PulledModel> {
  const commit = isCommit(revision) ? revision : await readReference(layout, revision);
  const folder = layout.snapshot(commit);
  const present = await presentFiles(folder).catch((cause) => {
    throw new HubError(`${revision} is not in the cache (${folder}); ${PULL_IT}`, { cause });
  });
  const files = await missingIsUncached(folder, () => select(folder, present));
  return { folder, commit, files };
}

const PULL_IT = 'pull the model once with a connection (HF_HUB_OFFLINE unset)';

async function readReference(layout: CacheLayout, revision: string): Promise<string> {
  const path = layout.reference(revision);
  const commit = await readFile(path, 'utf8').catch((cause) => {
    throw new HubError(`${revision} is not in the cache (${path}); ${PULL_IT}`, { cause });
  });
  if (!isCommit(commit.trim()))
    throw new HubError(`${path} holds no commit; remove it and pull the model again`);
  return commit.trim();
}

/** Files that can be read: a link whose blob was removed does not count. */
async function presentFiles(folder: string): Promise<Set<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
  const readable = await Promise.all(paths.map((path) => isFile(join(folder, path))));
  return new Set(paths.filter((_, index) => readable[index]));
}

async function missingIsUncached<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    throw new HubError(`the copy in the cache ${error.message} (${folder}); or ${PULL_IT}`, {
      cause: error.cause,
    });
  }
}
