import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Held until released, until this process dies, or until others take it for dead. */
export interface FileLock {
  /** Whether it is still this one: who gave no sign of life for long may have lost it to another process. */
  isHeld(): Promise<boolean>;
  /** Frees it if it is still held; another one's is left alone. */
  release(): Promise<void>;
}

/** The holder touches the file this often, in milliseconds. */
const HEARTBEAT = 2000;

/** How those who wait find out that the holder has died. */
export interface Watch {
  /** Milliseconds between two looks. */
  readonly look: number;
  /** So many looks at a file that nobody touches. */
  readonly looksUntilDead: number;
}

/** 15 seconds without a heartbeat. */
const DEFAULT_WATCH: Watch = { look: 200, looksUntilDead: 75 };

/** Takes the lock if it is free. */
export async function tryLock(path: string): Promise<FileLock | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  // Without a clock of its own: any change of the time is a sign of life. By its handle, not its path, which may be
  // another one's by now.
  let beats = 0;
  const heart = setInterval(() => file.utimes(++beats, ++beats).catch(() => undefined), HEARTBEAT);
  heart.unref();
  const { ino } = await file.stat();
  const isHeld = () =>
    stat(path).then(
      (found) => found.ino === ino,
      () => false,
    );
  return {
    isHeld,
    async release() {
      clearInterval(heart);
      if (await isHeld()) await rm(path, { force: true });
      await file.close(); // only now: the number of a file that is closed and gone may be given to the next
    },
  };
}

/**
 * Waits for the lock. In the rare case that two processes find one dead at the same time, both may come to hold it:
 * what it protects must be wasteful to do twice, not wrong.
 */
export async function waitForLock(
  path: string,
  signal?: AbortSignal,
  { look, looksUntilDead }: Watch = DEFAULT_WATCH,
): Promise<FileLock> {
  let lastSeen: string | undefined;
  for (let unchanged = 0; ; unchanged++) {
    const lock = await tryLock(path);
    if (lock !== undefined) return lock;
    const seen = await stat(path).then(
      ({ ino, mtimeMs }) => `${ino} ${mtimeMs}`,
      () => undefined,
    );
    if (seen !== lastSeen) [lastSeen, unchanged] = [seen, 0];
    if (unchanged >= looksUntilDead) await removeDead(path);
    await delay(look, undefined, signal === undefined ? {} : { signal });
  }
}

/** Renaming has one winner. */
async function removeDead(path: string): Promise<void> {
  const grave = `${path}.${randomUUID()}`;
  await rename(path, grave).then(
    () => rm(grave, { force: true }),
    () => undefined, // somebody else was faster
  );
}
