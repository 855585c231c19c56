import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { FormatError } from './format-error.ts';

/** Appends bytes to the file; they may be reused as soon as the promise resolves. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/**
 * Writes a file under a temporary name beside its own, then renames it: a reader sees the old file or the whole
 * new one. If `fill` fails, the old file stays and the temporary one goes.
 */
export async function replaceFile(path: string, fill: (write: WriteBytes) => Promise<void>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  const refuse = (cause: NodeJS.ErrnoException): never => {
    throw new FormatError(
      `${path}: cannot be written (${cause.code}); check its folder, the permissions and the space left`,
      { cause },
    );
  };
  const handle = await open(temporary, 'wx').catch(refuse);
  try {
    try {
      await fill((bytes) => writeAll(bytes, handle).catch(refuse));
      await handle.sync().catch(refuse); // or a crash could keep the rename and lose the data
    } finally {
      await handle.close();
    }
    await rename(temporary, path).catch(refuse);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Node refuses to write more than 2^31 − 1 bytes in one call. */
const LARGEST_WRITE = 2 ** 30;

async function writeAll(bytes: Uint8Array, handle: FileHandle): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(bytes.length - done, LARGEST_WRITE);
    done += (await handle.write(bytes, done, length)).bytesWritten;
  }
}
