import type { Job, JobRunner } from './job.ts';

/** What a job's result tells of memory. */
export interface MemoryRecord {
  /**
   * The most memory that the process had while it was at the job, in bytes: its resident set as a whole, with the model
   * and what earlier jobs left. Results of before it was measured have none.
   */
  readonly peakBytes?: number;
}

/** Looks at the memory of each job, at its every step and five times a second, and adds the most to its result. */
export const withPeakMemory = <J extends Job>(run: JobRunner<J>): JobRunner<J> =>
  async function* (job, context) {
    let peakBytes = 0;
    const look = () => {
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    };
    const timer = setInterval(look, INTERVAL);
    timer.unref();
    const running = run(job, context);
    try {
      look();
      let next = await running.next();
      for (; !next.done; next = await running.next()) {
        look();
        yield next.value;
      }
      look();
      return { ...next.value, peakBytes } satisfies MemoryRecord;
    } finally {
      clearInterval(timer);
      await running.return(undefined as never); // where the caller stopped early
    }
  };

/** Milliseconds between looks. */
const INTERVAL = 200;
