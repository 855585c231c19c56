import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileHash } from '../benchmark/plan/content-hash.ts';

/** The SHA-256 of a file, or of a folder's files: of their paths inside it and their hashes, in order. */
export async function hashPath(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return fileHash(path);
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const places = entries.map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of places.sort()) {
    // In the hub's cache files are links; one that leads nowhere is no file.
    const status = await stat(file).catch(() => undefined);
    if (status?.isFile()) hash.update(`${relative(path, file)} ${await fileHash(file)}\n`);
  }
  return hash.digest('hex');
}
