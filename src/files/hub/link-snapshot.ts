import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, rename, stat, symlink } from 'node:fs/promises';
import { dirname, relative } from 'node:path';

/**
 * Gives a blob its name in a snapshot: a relative link, as the other tools make it, so that the cache can be moved;
 * a copy where links are not allowed, as on Windows. What is there and can be read stays.
 */
export async function linkSnapshot(blob: string, path: string): Promise<void> {
  if (await isFile(path)) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}`;
  try {
    await symlink(relative(dirname(path), blob), temporary);
  } catch {
    await copyFile(blob, temporary, constants.COPYFILE_FICLONE);
  }
  await rename(temporary, path); // over a link that leads nowhere, too
}

/** Links are followed. */
export const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
