import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, rm } from 'node:fs/promises';
import { FormatError } from '../formats/format-error.ts';
import { replaceFile } from '../formats/replace-file.ts';

/** What happens to a file that is there already. */
export type ExistingFile = 'refuse' | 'replace';

/**
 * Writes the bytes under a temporary name beside the file's own, then gives them that name: nobody ever sees half a
 * file, and with 'refuse' a file that is there, even since a moment ago, stays as it is.
 */
export async function createFile(path: string, bytes: Uint8Array, existing: ExistingFile): Promise<void> {
  if (existing === 'replace') return replaceFile(path, (write) => write(bytes));
  const temporary = `${path}.${randomUUID()}.new`;
  try {
    await replaceFile(temporary, (write) => write(bytes));
    await nameOnce(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A hard link is refused where the name is taken. File systems without links (FAT, some shares) get a copy. */
async function nameOnce(temporary: string, path: string): Promise<void> {
  const refuse = (cause: NodeJS.ErrnoException): never => {
    throw new FormatError(
      cause.code === 'EEXIST'
        ? `${path}: is there already; choose another name, or ask for it to be replaced`
        : `${path}: cannot be written (${cause.code}); check its folder, the permissions and the space left`,
      { cause },
    );
  };
  await link(temporary, path).catch((cause: NodeJS.ErrnoException) =>
    cause.code === 'EEXIST'
      ? refuse(cause)
      : copyFile(temporary, path, constants.COPYFILE_EXCL).catch(refuse),
  );
}
