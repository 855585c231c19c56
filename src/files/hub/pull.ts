import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile } from '../formats/replace-file.ts';
import { type CacheLayout, cacheLayout } from './cache-layout.ts';
import { findCachedModel, type PulledModel } from './cached-model.ts';
import { DEFAULT_PATIENCE, fetchBlob, type Patience } from './fetch-blob.ts';
import { type HubClient, hubClient } from './hub-client.ts';
import { HubError } from './hub-error.ts';
import type { HubOptions } from './hub-options.ts';
import { isFile, linkSnapshot } from './link-snapshot.ts';
import type { ListedFile } from './listed-file.ts';
import { readModelIndex } from './model-index.ts';
import { MODEL_INDEX, selectPipelineFiles, type WeightsVariant } from './pipeline-files.ts';
import type { PullEvent } from './pull-event.ts';
import { formatRepository, isCommit, parseRepository, type Repository } from './repository.ts';

export interface PullOptions extends HubOptions {
  /** 'full' unless given. */
  readonly variant?: WeightsVariant;
  readonly patience?: Patience;
  readonly signal?: AbortSignal;
}

/**
 * Brings a Stable Diffusion pipeline of the hub into the cache that all tools share, and says where it lies:
 * `pull('stable-diffusion-v1-5/stable-diffusion-v1-5@main', options)`. Files that are there are not fetched again,
 * downloads that were cut off are continued, every file has its checksum before it gets its name. Offline, or at a
 * full commit that is in the cache, no connection is opened. An aborted pull rejects with the signal's reason.
 * @throws {HubError} a sentence that begins with the id
 */
export async function* pull(id: string, options: PullOptions): AsyncGenerator<PullEvent, PulledModel> {
  const repository = parseRepository(id);
  const layout = cacheLayout(options, repository);
  const variant = options.variant ?? 'full';
  options.signal?.throwIfAborted();
  if (options.connection === 'offline') {
    return await named(repository, () => findCachedModel(layout, repository, variant));
  }
  if (isCommit(repository.revision)) {
    const cached = await findCachedModel(layout, repository, variant).catch(() => undefined);
    if (cached !== undefined) return cached;
  }
  return yield* pullOnline(repository, layout, options, variant);
}

async function* pullOnline(
  repository: Repository,
  layout: CacheLayout,
  options: PullOptions,
  variant: WeightsVariant,
): AsyncGenerator<PullEvent, PulledModel> {
  const client = hubClient(repository, options, options.signal);
  const commit = await client.resolveCommit();
  const listed = new Map((await client.listFiles(commit)).map((file) => [file.path, file]));
  const task: PullTask = { repository, layout, commit, client, options };

  const index = listed.get(MODEL_INDEX);
  if (index === undefined) {
    throw new HubError(
      `${formatRepository(repository)}: has no ${MODEL_INDEX}; it is not a diffusers pipeline`,
    );
  }
  yield* bring(index, task);
  const folder = layout.snapshot(commit);
  const paths = await named(repository, async () =>
    selectPipelineFiles(await readModelIndex(join(folder, MODEL_INDEX)), new Set(listed.keys()), variant),
  );
  const files = paths.map((path) => listed.get(path)!);
  yield await plan(files, task);
  for (const file of files.filter(({ path }) => path !== MODEL_INDEX)) yield* bring(file, task);

  // Last: offline, a revision is what was pulled whole.
  if (!isCommit(repository.revision)) await writeReference(layout.reference(repository.revision), commit);
  return { folder, commit, files: paths };
}

/** What every pull does its work with. */
export interface PullTask {
  readonly repository: Repository;
  readonly layout: CacheLayout;
  readonly commit: string;
  readonly client: HubClient;
  readonly options: PullOptions;
}

/** Brings one file into the cache and under its name in the snapshot. */
export async function* bring(file: ListedFile, task: PullTask): AsyncGenerator<PullEvent, void> {
  const { repository, layout, commit, client, options } = task;
  const id = formatRepository(repository);
  try {
    const { patience = DEFAULT_PATIENCE, signal } = options;
    yield* fetchBlob({ file, commit, id, layout, client, patience, signal });
    await linkSnapshot(layout.blob(file.checksum.hex), join(layout.snapshot(commit), file.path));
  } catch (error) {
    const code: unknown =
      error instanceof Error && !(error instanceof HubError) && Reflect.get(error, 'code');
    if (typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) throw error;
    throw new HubError(
      `${id}: ${file.path} cannot be written to ${layout.folder} (${code}); check its permissions and the space left`,
      { cause: error },
    );
  }
}

/** What there is to do for these files. */
export async function plan(files: readonly ListedFile[], { layout, commit }: PullTask): Promise<PullEvent> {
  const there = await Promise.all(files.map(({ checksum }) => isFile(layout.blob(checksum.hex))));
  const sum = (some: readonly ListedFile[]) => some.reduce((total, { size }) => total + size, 0);
  const missing = files.filter((_, index) => !there[index]);
  return { kind: 'planned', commit, files: files.length, size: sum(files), missing: sum(missing) };
}

/** Remembers which commit a branch or tag named. */
export async function writeReference(path: string, commit: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, (write) => write(Buffer.from(commit)));
}

/** Puts the id in front of what went wrong. */
export async function named<T>(repository: Repository, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    throw new HubError(`${formatRepository(repository)}: ${error.message}`, { cause: error.cause });
  }
}
