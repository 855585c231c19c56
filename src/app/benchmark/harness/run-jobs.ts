import { firstError } from '../../../engine/index.ts';
import { type FileLock, tryLock, type Watch, waitForLock } from '../../../files/hub/file-lock.ts';
import type { Job, JobProgress, JobRunner } from './job.ts';
import type { JobStore } from './job-store.ts';

export interface RunJobsOptions<J extends Job> {
  readonly store: JobStore;
  readonly run: JobRunner<J>;
  /** How a lock of a process that died is recognized. Default: 15 seconds without a sign of life. */
  readonly watch?: Watch;
  readonly signal?: AbortSignal;
}

export type HarnessEvent<J extends Job> =
  /** Before anything is done: so many of the jobs have been done already. */
  | { readonly kind: 'planned'; readonly jobs: number; readonly done: number }
  | { readonly kind: 'started'; readonly job: J }
  | ({ readonly kind: 'progress'; readonly job: J } & JobProgress)
  /** By this process, or found done by another one meanwhile. */
  | { readonly kind: 'finished'; readonly job: J; readonly by: 'this process' | 'another process' }
  /** The job failed, or one did that it comes after; the others go on. */
  | { readonly kind: 'failed'; readonly job: J; readonly message: string }
  /** All that is left is another process' work. */
  | { readonly kind: 'waiting'; readonly job: J };

export interface HarnessSummary {
  readonly jobs: number;
  /** Done before this run began. */
  readonly alreadyDone: number;
  readonly done: number;
  readonly failed: readonly { readonly title: string; readonly message: string }[];
}

/**
 * Does the jobs that are not done yet, each after those that it reads from. Other processes may be at the same store:
 * what one of them is at is left to it, and done here only if it dies. A job that fails does not stop the others; it is
 * tried again by the next run.
 * @throws the signal's reason when it is aborted, between or within jobs; what is finished stays
 */
export async function* runJobs<J extends Job>(
  jobs: readonly J[],
  options: RunJobsOptions<J>,
): AsyncGenerator<HarnessEvent<J>, HarnessSummary, undefined> {
  const { store, signal, watch } = options;
  const failed = new Map<string, { readonly title: string; readonly message: string }>();
  let waiting: J[] = [];
  for (const job of jobs) if (!(await store.isDone(job.hash))) waiting.push(job);
  const alreadyDone = jobs.length - waiting.length;
  yield { kind: 'planned', jobs: jobs.length, done: alreadyDone };

  while (waiting.length > 0) {
    const left: J[] = [];
    let busy: J | undefined;
    for (const job of waiting) {
      signal?.throwIfAborted();
      const state = await stateOf(job, store, failed);
      if (state === 'ready') {
        const lock = await tryLock(store.lockPath(job.hash));
        if (lock === undefined || (yield* doLocked(job, lock, options, failed)) === 'left to another') {
          busy ??= job;
          left.push(job);
        }
      } else if (state === 'done') {
        yield { kind: 'finished', job, by: 'another process' };
      } else if (state === 'too early') {
        left.push(job);
      } else {
        yield fail(job, state.failedBecauseOf, failed);
      }
    }
    if (left.length === waiting.length) {
      if (busy === undefined) throw unreachable(left[0]!);
      yield { kind: 'waiting', job: busy };
      const lock = await waitForLock(store.lockPath(busy.hash), signal, watch);
      const end = yield* doLocked(busy, lock, options, failed);
      if (end === 'ended') left.splice(left.indexOf(busy), 1);
    }
    waiting = left;
  }
  const done = jobs.length - failed.size;
  return { jobs: jobs.length, alreadyDone, done, failed: [...failed.values()] };
}

type State = 'done' | 'ready' | 'too early' | { readonly failedBecauseOf: string };

async function stateOf(
  job: Job,
  store: JobStore,
  failed: ReadonlyMap<string, { readonly title: string }>,
): Promise<State> {
  if (await store.isDone(job.hash)) return 'done';
  for (const hash of job.after) {
    const other = failed.get(hash);
    if (other !== undefined) return { failedBecauseOf: `what it builds on failed: ${other.title}` };
    if (!(await store.isDone(hash))) return 'too early';
  }
  return 'ready';
}

async function* doLocked<J extends Job>(
  job: J,
  lock: FileLock,
  { store, run, signal }: RunJobsOptions<J>,
  failed: Map<string, { readonly title: string; readonly message: string }>,
): AsyncGenerator<HarnessEvent<J>, 'ended' | 'left to another', undefined> {
  try {
    // Between the look and the lock another process may have done it.
    if (await store.isDone(job.hash)) {
      yield { kind: 'finished', job, by: 'another process' };
      return 'ended';
    }
    yield { kind: 'started', job };
    const { folder, scratch } = await store.begin(job.hash);
    const context = { folder, scratch, resultOf: store.resultFolder, ...(signal && { signal }) };
    const running = run(job, context);
    try {
      let next = await running.next();
      for (; !next.done; next = await running.next()) yield { kind: 'progress', job, ...next.value };
      await store.finish(job, folder, next.value);
    } catch (error) {
      signal?.throwIfAborted();
      // Who was taken for dead loses its folder to another process, which is the reason then, and does the job.
      if (await store.isDone(job.hash)) {
        yield { kind: 'finished', job, by: 'another process' };
        return 'ended';
      }
      if (!(await lock.isHeld())) return 'left to another';
      const first = firstError(error);
      const message = first instanceof Error ? first.message : String(first);
      await store.fail(job, message);
      yield fail(job, message, failed);
      return 'ended';
    } finally {
      await running.return(undefined as never); // frees what the job holds where the caller stopped early
    }
    yield { kind: 'finished', job, by: 'this process' };
    return 'ended';
  } finally {
    await lock.release();
  }
}

function fail<J extends Job>(
  job: J,
  message: string,
  failed: Map<string, { readonly title: string; readonly message: string }>,
): HarnessEvent<J> {
  failed.set(job.hash, { title: job.title, message });
  return { kind: 'failed', job, message };
}

const unreachable = ({ title }: Job) =>
  new Error(`${title}: comes after a job that is neither done nor among those to do; plan both together`);
