import { cacheLayout } from './cache-layout.ts';
import { findCached, type PulledModel } from './cached-model.ts';
import { hubClient } from './hub-client.ts';
import { bring, named, type PullOptions, type PullTask, plan, writeReference } from './pull.ts';
import type { PullEvent } from './pull-event.ts';
import { isCommit, parseRepository } from './repository.ts';

export type PullSelectedOptions = Omit<PullOptions, 'variant'>;

/**
 * The files of a repository that there is something to do with, in the order in which they are brought.
 * @throws {HubError} without the repository's name, if something is missing
 */
export type SelectFiles = (paths: ReadonlySet<string>) => readonly string[];

/**
 * Brings files of a repository that is no pipeline into the cache that all tools share. All else is as with `pull`.
 * @throws {HubError} a sentence that begins with the id
 */
export async function* pullSelected(
  id: string,
  options: PullSelectedOptions,
  select: SelectFiles,
): AsyncGenerator<PullEvent, PulledModel> {
  const repository = parseRepository(id);
  const layout = cacheLayout(options, repository);
  options.signal?.throwIfAborted();
  const cached = () => findCached(layout, repository, async (_, present) => [...select(present)]);
  if (options.connection === 'offline') return await named(repository, cached);
  if (isCommit(repository.revision)) {
    const found = await cached().catch(() => undefined);
    if (found !== undefined) return found;
  }
  const client = hubClient(repository, options, options.signal);
  const commit = await client.resolveCommit();
  const listed = new Map((await client.listFiles(commit)).map((file) => [file.path, file]));
  const task: PullTask = { repository, layout, commit, client, options };
  const paths = await named(repository, async () => select(new Set(listed.keys())));
  const files = paths.map((path) => listed.get(path)!);
  yield await plan(files, task);
  for (const file of files) yield* bring(file, task);
  // Last: offline, a revision is what was pulled whole.
  if (!isCommit(repository.revision)) await writeReference(layout.reference(repository.revision), commit);
  return { folder: layout.snapshot(commit), commit, files: paths };
}
