import type { HarnessEvent, HarnessSummary } from '../../benchmark/harness/run-jobs.ts';
import type { BenchmarkJob } from '../../benchmark/plan/benchmark-jobs.ts';
import type { TaskEvent } from '../task-event.ts';

/** The harness' events as a task tells them: one bar of all jobs, the job as its stage. */
export async function* showJobs(
  jobs: AsyncGenerator<HarnessEvent<BenchmarkJob>, HarnessSummary, undefined>,
): AsyncGenerator<TaskEvent, HarnessSummary, undefined> {
  let [done, total] = [0, 0];
  let finished = false;
  try {
    for (;;) {
      const next = await jobs.next();
      if (next.done) {
        finished = true;
        return next.value;
      }
      const event = next.value;
      if (event.kind === 'planned') {
        [done, total] = [event.done, event.jobs];
        yield { kind: 'note', message: `${total} jobs, ${done} of them done already` };
      } else if (event.kind === 'started') {
        yield { kind: 'stage', stage: `${event.job.title} (job ${done + 1} of ${total})` };
      } else if (event.kind === 'progress') {
        const { stage, done: steps, total: all } = event;
        yield { kind: 'progress', stage, done: steps, total: all, unit: 'steps' };
      } else if (event.kind === 'waiting') {
        yield { kind: 'note', message: `waiting for another process: ${event.job.title}` };
      } else {
        done++;
        if (event.kind === 'failed') {
          yield { kind: 'warning', message: `${event.job.title}: ${event.message}` };
        }
      }
    }
  } finally {
    if (!finished) await jobs.return(undefined as never);
  }
}
