import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '../models/is-there.ts';
import { TaskError } from '../tasks/task.ts';

/**
 * Moves all that is in a folder into another one, which is made if it is missing. Nothing is written any more: a full
 * disk has been noticed before.
 * @param existing what happens to what has an equal name there
 * @throws TaskError if it cannot be moved, or may not
 */
export async function moveResult(from: string, to: string, existing: 'refuse' | 'replace'): Promise<void> {
  const names = await readdir(from);
  try {
    await mkdir(to, { recursive: true });
    for (const name of existing === 'refuse' ? names : []) {
      if (await isThere(join(to, name))) {
        throw new TaskError(
          `${join(to, name)}: has come there meanwhile; move it away and go on with --resume, or replace it with --resume --force`,
        );
      }
    }
    for (const name of names) {
      if (existing === 'replace') await rm(join(to, name), { recursive: true, force: true });
      await rename(join(from, name), join(to, name));
    }
  } catch (cause) {
    if (cause instanceof TaskError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new TaskError(`${to}: cannot be written (${code}); check the folder and the permissions`, {
      cause,
    });
  }
}
