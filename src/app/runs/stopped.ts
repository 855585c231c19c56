import type { UnfinishedRun } from './unfinished-run.ts';

/** A task that was stopped by its signal, and how to go on; `cause` is the signal's reason. */
export class TaskStopped extends Error {
  override readonly name = 'TaskStopped';
}

/**
 * What a run that ends early throws: how to go on where it was stopped, else the error itself. What cannot be gone on
 * with is removed.
 */
export async function endedEarly(
  error: unknown,
  run: UnfinishedRun | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const left = run === undefined ? 'removed' : await run.leave();
  if (signal?.aborted !== true) return error;
  const message =
    left === 'kept'
      ? `Stopped; nothing is lost. Go on with the same command and --resume (${run!.folder}).`
      : 'Stopped before anything was made.';
  return new TaskStopped(message, { cause: signal.reason });
}
