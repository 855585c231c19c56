import { constants as bufferConstants } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { FormatError, located } from './format-error.ts';

/** Bytes that are read by position: a file of many gigabytes, or a buffer in memory. */
export interface ByteSource {
  /** A path, or what the caller calls the bytes; every message begins with it. */
  readonly name: string;
  readonly size: number;
  /** A copy in a buffer of its own, so that any typed array fits on it. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Opens a regular file. Close the source when done. */
export async function openFileSource(path: string): Promise<ByteSource> {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever. Windows has neither.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  const handle = await open(path, flags).catch((cause) => {
    throw new FormatError(`${path}: cannot be opened (${cause.code}); check the path and its permissions`, {
      cause,
    });
  });
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new FormatError('is not a regular file; give the path of a file');
    return fileSource(path, status.size, handle);
  } catch (error) {
    await handle.close();
    throw located(path, error);
  }
}

/** The bytes themselves; `name` stands for a path in messages. */
export const memorySource = (bytes: Uint8Array, name: string): ByteSource => ({
  name,
  size: bytes.length,
  async read(offset, length) {
    checkRange(offset, length, bytes.length);
    return new Uint8Array(bytes.subarray(offset, offset + length)); // a Buffer's own slice would not copy
  },
  close: async () => {},
});

const fileSource = (name: string, size: number, handle: FileHandle): ByteSource => ({
  name,
  size,
  async read(offset, length) {
    checkRange(offset, length, size);
    const bytes = allocate(length);
    await readInto(bytes, offset, handle);
    return bytes;
  },
  close: () => handle.close(),
});

/** A read call returns at most 2^31 − 4096 bytes on Linux, and Node refuses to ask for more than 2^31 − 1. */
const LARGEST_READ = 2 ** 30;

async function readInto(bytes: Uint8Array, offset: number, handle: FileHandle): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(bytes.length - done, LARGEST_READ);
    const { bytesRead } = await handle.read(bytes, done, length, offset + done).catch((cause) => {
      const advice = cause.code === 'EBADF' ? 'the file was closed, open it again' : 'check the disk';
      throw new FormatError(`reading at byte ${offset + done} failed (${cause.code}); ${advice}`, { cause });
    });
    if (bytesRead === 0) {
      throw new FormatError(`was cut off at byte ${offset + done} after it was opened; open it again`);
    }
    done += bytesRead;
  }
}

function checkRange(offset: number, length: number, size: number): void {
  if (offset < 0 || length < 0 || offset + length > size) {
    throw new FormatError(
      `needs bytes ${offset} to ${offset + length} but ends at ${size}; it is cut off or damaged, fetch it again`,
    );
  }
}

function allocate(length: number): Uint8Array {
  if (length > bufferConstants.MAX_LENGTH) {
    throw new FormatError(
      `has an array of ${length} bytes, but this Node holds at most ${bufferConstants.MAX_LENGTH} in one; split it`,
    );
  }
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new FormatError(`needs ${length} bytes of memory at once, which are not free; free some`, {
      cause,
    });
  }
}
