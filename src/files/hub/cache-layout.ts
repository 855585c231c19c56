import { join } from 'node:path';
import type { HubOptions } from './hub-options.ts';
import type { Repository } from './repository.ts';

/**
 * Where a repository lies in the cache that all tools of the hub share:
 *
 *     models--organisation--name/
 *       blobs/<checksum>                   every file once, by its sha256 (large files) or git's sha1 (others)
 *       refs/<branch or tag>               the commit that it named when it was last pulled
 *       snapshots/<commit>/<path>          links into blobs
 *     .locks/models--organisation--name/   one file for each blob under way
 */
export interface CacheLayout {
  readonly folder: string;
  blob(checksum: string): string;
  /** A download under way, or given up, to be continued. Other tools have another name and another lock for theirs. */
  partial(checksum: string): string;
  lock(checksum: string): string;
  reference(revision: string): string;
  snapshot(commit: string): string;
}

export function cacheLayout(
  { cacheFolder }: Pick<HubOptions, 'cacheFolder'>,
  { name }: Repository,
): CacheLayout {
  const folderName = ['models', ...name.split('/')].join('--');
  const folder = join(cacheFolder, folderName);
  return {
    folder,
    blob: (checksum) => join(folder, 'blobs', checksum),
    partial: (checksum) => join(folder, 'blobs', `${checksum}.dreamsteerer.incomplete`),
    lock: (checksum) => join(cacheFolder, '.locks', folderName, `${checksum}.dreamsteerer.lock`),
    reference: (revision) => join(folder, 'refs', ...revision.split('/')),
    snapshot: (commit) => join(folder, 'snapshots', commit),
  };
}
