import type { ProgressUnit, TaskEvent } from '../task-event.ts';

/** What tells how many of its pictures are done, as events of a task. */
export async function* told<Result>(
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
