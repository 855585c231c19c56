import type { Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CacheLayout } from './cache-layout.ts';
import { startChecksum } from './checksum.ts';
import { tryLock, waitForLock } from './file-lock.ts';
import { type HubClient, Interruption, reasonOf } from './hub-client.ts';
import { HubError } from './hub-error.ts';
import type { ListedFile } from './listed-file.ts';
import type { PullEvent } from './pull-event.ts';

export interface BlobRequest {
  readonly file: ListedFile;
  readonly commit: string;
  /** How messages name the repository. */
  readonly id: string;
  readonly layout: Pick<CacheLayout, 'blob' | 'partial' | 'lock'>;
  readonly client: Pick<HubClient, 'openFile'>;
  readonly patience: Patience;
  readonly signal: AbortSignal | undefined;
}

export interface Patience {
  /** So many times in a row without a byte, and it is given up. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled for each one after that. */
  readonly firstDelay: number;
}

/** Half a minute altogether: a router restarts in that time. */
export const DEFAULT_PATIENCE: Patience = { attempts: 6, firstDelay: 1000 };

/**
 * Brings a file into `blobs`, whole and with the right checksum, or not at all. What a lost connection or an abort
 * leaves is continued by the next call; what has a wrong checksum is removed.
 */
export async function* fetchBlob(request: BlobRequest): AsyncGenerator<PullEvent, void> {
  const { file, layout, signal } = request;
  if (await isBlobThere(request)) return yield { kind: 'file-finished', path: file.path, from: 'cache' };

  const lockPath = layout.lock(file.checksum.hex);
  let lock = await tryLock(lockPath);
  if (lock === undefined) {
    yield { kind: 'waiting', path: file.path };
    lock = await waitForLock(lockPath, signal);
  }
  try {
    if (await isBlobThere(request)) return yield { kind: 'file-finished', path: file.path, from: 'cache' };
    yield* download(request);
    yield { kind: 'file-finished', path: file.path, from: 'hub' };
  } finally {
    await lock.release();
  }
}

/** Blobs are checked before they get their name; the size is enough to know one again. */
const isBlobThere = async ({ file, layout }: BlobRequest): Promise<boolean> =>
  stat(layout.blob(file.checksum.hex)).then(
    ({ size }) => size === file.size,
    () => false,
  );

async function* download(request: BlobRequest): AsyncGenerator<PullEvent, void> {
  const { file, id, layout } = request;
  const partial = layout.partial(file.checksum.hex);
  await mkdir(dirname(partial), { recursive: true });
  for (;;) {
    const { digest, continued } = yield* fill(partial, request);
    if (digest === file.checksum.hex) break;
    await rm(partial, { force: true });
    if (!continued) {
      throw new HubError(
        `${id}: ${file.path} arrived with the ${file.checksum.kind} ${digest}, not ${file.checksum.hex}; nothing of it ` +
          'is kept, try again, and if that does not help use another revision or mirror',
      );
    }
    yield { kind: 'restarted', path: file.path, reason: 'its checksum was wrong after it was continued' };
  }
  await rename(partial, layout.blob(file.checksum.hex)).catch(async (error) => {
    if (!(await isBlobThere(request))) throw error; // a second holder of the lock was faster
  });
}

/** Continues the partial file to its end, through interruptions. */
async function* fill(
  partial: string,
  request: BlobRequest,
): AsyncGenerator<PullEvent, { digest: string; continued: boolean }> {
  const { file, patience, signal } = request;
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    const hash = startChecksum(file.checksum, file.size);
    const start = await takeUp(handle, hash, file.size);
    const state: Filling = { handle, hash, done: start };
    yield { kind: 'file-started', path: file.path, done: start, size: file.size };
    for (let attempt = 1; state.done < file.size; attempt++) {
      const before = state.done;
      try {
        yield* receive(state, request);
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Interruption)) throw error;
        if (state.done > before) attempt = 1;
        if (attempt >= patience.attempts) throw error;
        yield { kind: 'interrupted', path: file.path, attempt, reason: error.message };
        const pause = patience.firstDelay * 2 ** (attempt - 1);
        await delay(pause, undefined, signal === undefined ? {} : { signal });
      }
    }
    await handle.sync(); // or a crash could keep the name and lose the content
    return { digest: hash.digest('hex'), continued: start > 0 };
  } finally {
    await handle.close();
  }
}

interface Filling {
  readonly handle: FileHandle;
  readonly hash: Hash;
  done: number;
}

/** Hashes what is there; a file that is too long was never a part of this one. */
async function takeUp(handle: FileHandle, hash: Hash, size: number): Promise<number> {
  const there = (await handle.stat()).size;
  if (there > size) {
    await handle.truncate(0);
    return 0;
  }
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (let done = 0; done < there; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(READ_BYTES, there - done), done);
    if (bytesRead === 0) return done;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return there;
}

const READ_BYTES = 2 ** 20;

/** Between two events of progress. */
const PROGRESS_BYTES = 2 ** 20;

/** One connection's worth. Bytes are written at their place, so that a second writer would write the same. */
async function* receive(state: Filling, request: BlobRequest): AsyncGenerator<PullEvent, void> {
  const { file, commit, client, id } = request;
  const reader = (await client.openFile(file, commit, state.done)).getReader();
  try {
    for (let reported = state.done; ; ) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new Interruption(
          `${id}: the connection for ${file.path} was lost (${reasonOf(error)}); try again`,
          {
            cause: error,
          },
        );
      });
      if (done) break;
      await store(value, state, request);
      if (state.done - reported >= PROGRESS_BYTES || state.done === file.size) {
        reported = state.done;
        yield { kind: 'progress', path: file.path, done: state.done, size: file.size };
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined); // it may have failed already
  }
  if (state.done < file.size) {
    throw new Interruption(
      `${id}: the connection for ${file.path} ended at byte ${state.done} of ${file.size}; try again`,
    );
  }
}

async function store(bytes: Uint8Array, state: Filling, { file, id }: BlobRequest): Promise<void> {
  if (state.done + bytes.length > file.size) {
    throw new Interruption(`${id}: more than the ${file.size} bytes of ${file.path} arrived; try again`);
  }
  for (let written = 0; written < bytes.length; ) {
    const rest = bytes.subarray(written);
    written += (await state.handle.write(rest, 0, rest.length, state.done + written)).bytesWritten;
  }
  state.hash.update(bytes);
  state.done += bytes.length;
}
