/** A process at a store: `rigged-process.ts FOLDER MILLISECONDS`. Its tests kill it. */
import { join } from 'node:path';
import { jobStore } from '../../../src/app/benchmark/harness/job-store.ts';
import { runJobs } from '../../../src/app/benchmark/harness/run-jobs.ts';
import { riggedJobs, riggedRunner } from './rigged-jobs.ts';

const [folder = '', milliseconds = '100'] = process.argv.slice(2);
const running = runJobs(riggedJobs, {
  store: jobStore(folder),
  run: riggedRunner(join(folder, 'log.txt'), Number(milliseconds)),
  watch: { look: 100, looksUntilDead: 30 },
});
let next = await running.next();
for (; !next.done; next = await running.next()) {
  if (next.value.kind !== 'progress') process.stdout.write(`${next.value.kind}\n`);
}
process.stdout.write(`${JSON.stringify(next.value)}\n`);
