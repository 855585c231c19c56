import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { confinedFolder, findInside } from '../../files/checkpoints/index.ts';
import { fileHash } from './content-hash.ts';

/**
 * The SHA-256 of a file, or of a folder's files: of their paths inside it and their hashes, in order. Links that lead
 * out of it, or nowhere, are passed over; in the hub's cache all files are links to the folder beside.
 */
export async function hashPath(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return fileHash(path);
  const folder = await confinedFolder(path);
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const names = entries.map((entry) => relative(path, join(entry.parentPath, entry.name)));
  const hash = createHash('sha256');
  for (const name of names.sort()) {
    const file = await findInside(folder, name).catch(() => undefined);
    if (file === undefined || !(await stat(file)).isFile()) continue;
    hash.update(`${name} ${await fileHash(file)}\n`);
  }
  return hash.digest('hex');
}
