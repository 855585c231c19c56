import { cacheLayout } from './cache-layout.ts';
import { findCached, type PulledModel } from './cached-model.ts';
import { hubClient } from './hub-client.ts';
import { HubError } from './hub-error.ts';
import { bring, named, type PullOptions, type PullTask, plan, writeReference } from './pull.ts';
import type { PullEvent } from './pull-event.ts';
import { isCommit, parseRepository } from './repository.ts';

export type PullClipOptions = Omit<PullOptions, 'variant'>;

/**
 * Brings a CLIP model for metrics, `openai/clip-vit-base-patch32` or `openai/clip-vit-large-patch14`, into the cache
 * that all tools share: configuration, preprocessing, vocabulary and one set of weights, safetensors before pickles.
 * All else is as with `pull`.
 * @throws {HubError} a sentence that begins with the id
 */
export async function* pullClip(
  id: string,
  options: PullClipOptions,
): AsyncGenerator<PullEvent, PulledModel> {
  const repository = parseRepository(id);
  const layout = cacheLayout(options, repository);
  options.signal?.throwIfAborted();
  const cached = () => findCached(layout, repository, CONFIG, async (_, present) => selectClipFiles(present));
  if (options.connection === 'offline') return await named(repository, cached);
  if (isCommit(repository.revision)) {
    const found = await cached().catch(() => undefined);
    if (found !== undefined) return found;
  }
  const client = hubClient(repository, options, options.signal);
  const commit = await client.resolveCommit();
  const listed = new Map((await client.listFiles(commit)).map((file) => [file.path, file]));
  const task: PullTask = { repository, layout, commit, client, options };
  const paths = await named(repository, async () => selectClipFiles(new Set(listed.keys())));
  const files = paths.map((path) => listed.get(path)!);
  yield await plan(files, task);
  for (const file of files) yield* bring(file, task);
  // Last: offline, a revision is what was pulled whole.
  if (!isCommit(repository.revision)) await writeReference(layout.reference(repository.revision), commit);
  return { folder: layout.snapshot(commit), commit, files: paths };
}

const CONFIG = 'config.json';

const required = [CONFIG, 'preprocessor_config.json', 'vocab.json', 'merges.txt'];
const weights = ['model.safetensors', 'pytorch_model.bin'];

/** @throws {HubError} without the repository's name */
function selectClipFiles(paths: ReadonlySet<string>): string[] {
  const missing = required.filter((path) => !paths.has(path));
  if (missing.length > 0) throw new HubError(`has no ${missing.join(', ')}; it is not a CLIP model`);
  const set = weights.find((path) => paths.has(path));
  if (set === undefined) throw new HubError(`has no weights; looked for ${weights.join(', ')}`);
  return [...required, set];
}
