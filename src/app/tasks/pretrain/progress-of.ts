import type { ProgressUnit, TaskEvent } from '../task-event.ts';

/** Events of what tells how many of its pictures are done, as a task's; an abort ends it between two. */
export async function* progressOf<Result>(
  stage: string,
  events: AsyncGenerator<{ readonly done: number; readonly count: number }, Result>,
  signal?: AbortSignal,
): AsyncGenerator<TaskEvent, Result> {
  const unit: ProgressUnit = 'pictures';
  try {
    let next = await events.next();
    for (; !next.done; next = await events.next()) {
      yield { kind: 'progress', stage, done: next.value.done, total: next.value.count, unit };
      signal?.throwIfAborted();
    }
    return next.value;
  } finally {
    await events.return(undefined as never);
  }
}
