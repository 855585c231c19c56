import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job, JobRunner } from '../../../src/app/benchmark/harness/job.ts';
import { contentHash } from '../../../src/app/runs/content-hash.ts';

/** Concepts that are "learned", each with three edits that read what was learned. */
export const riggedJobs: readonly Job[] = [0, 1, 2].flatMap((concept) => {
  const learn: Job = {
    kind: 'learn',
    hash: contentHash(['learn', concept]),
    title: `learn ${concept}`,
    after: [],
  };
  const edits = [0, 1, 2].map(
    (edit): Job => ({
      kind: 'edit',
      hash: contentHash(['edit', concept, edit]),
      title: `edit ${concept} ${edit}`,
      after: [learn.hash],
    }),
  );
  return [learn, ...edits];
});

/**
 * Takes about `milliseconds` in ten steps, counts its steps in the scratch folder, writes a file now and then, and
 * makes of them a result that says how it was made.
 * @param log a line for each beginning and end of a job
 */
export function riggedRunner(log: string, milliseconds: number): JobRunner<Job> {
  return async function* (job, { folder, scratch, resultOf, signal }) {
    await appendFile(log, `begin ${job.title}\n`);
    const counter = join(scratch, 'step');
    const from = Number(await readFile(counter, 'utf8').catch(() => '0'));
    for (let step = from; step < 10; step++) {
      signal?.throwIfAborted();
      await delay(milliseconds / 10);
      await writeFile(counter, String(step + 1));
      await writeFile(join(folder, `picture-${step}.txt`), `${job.title}, step ${step}`);
      yield { stage: 'working', done: step + 1, total: 10 };
    }
    const read = await Promise.all(
      job.after.map(async (hash) => JSON.parse(await readFile(join(resultOf(hash), 'result.json'), 'utf8'))),
    );
    await writeFile(join(folder, 'whole.txt'), 'x'.repeat(100_000));
    await appendFile(log, `end ${job.title}\n`);
    return { title: job.title, steps: 10, builtOn: read.map(({ title }) => title) };
  };
}
