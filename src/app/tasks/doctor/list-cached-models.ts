import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A model in the cache that the hub's tools share. */
export interface CachedModel {
  /** `organisation/name` */
  readonly id: string;
  readonly folder: string;
  /** On this disk; every file counts once. */
  readonly bytes: number;
}

/** The models of a cache folder by their ids; none where there is no folder. */
export async function listCachedModels(cacheFolder: string): Promise<readonly CachedModel[]> {
  const names = await readdir(cacheFolder).catch(() => []);
  const models = names.filter((name) => name.startsWith('models--')).sort();
  return Promise.all(
    models.map(async (name) => {
      const folder = join(cacheFolder, name);
      const id = name.split('--').slice(1).join('/');
      return { id, folder, bytes: await sizeOfFiles(join(folder, 'blobs')) };
    }),
  );
}

async function sizeOfFiles(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0, // gone since it was listed
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
