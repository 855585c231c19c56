import type { JobRunner } from '../harness/job.ts';
import type { JobStore } from '../harness/job-store.ts';
import { withPeakMemory } from '../harness/peak-memory.ts';
import type { BenchmarkJob, BenchmarkJobKind, BenchmarkJobOf } from '../plan/benchmark-jobs.ts';
import { conceptShelf } from './concept-shelf.ts';
import { sourceDecoder } from './decode-source.ts';
import { type EditRecord, editCell } from './edit-cell.ts';
import { learnConcept } from './learn-concept.ts';
import { measureEdit, referencePictures } from './measure-edit.ts';
import { sampleClassBias } from './sample-class-bias.ts';
import type { Workbench } from './workbench.ts';

/** How each kind of job is done. */
export type BenchmarkRunners = { readonly [K in BenchmarkJobKind]: JobRunner<BenchmarkJobOf<K>> };

/** One runner of a runner a kind. */
export const runnerOf =
  (runners: BenchmarkRunners): JobRunner<BenchmarkJob> =>
  (job, context) =>
    (runners[job.kind] as JobRunner<BenchmarkJob>)(job, context);

export interface MethodRunner {
  readonly run: JobRunner<BenchmarkJob>;
  dispose(): Promise<void>;
}

/** The real thing: learns, steers, edits and measures on a workbench, and tells of each job how much memory it took. */
export function methodRunner(bench: Workbench, store: JobStore): MethodRunner {
  const shelf = conceptShelf(bench);
  const references = referencePictures();
  const { instruments } = bench;
  const measuring = { instruments, references, decodeSource: sourceDecoder(bench) };
  const run = runnerOf({
    learn: (job, context) => learnConcept(bench, job, context),
    edit: (job, context) => editCell(bench, shelf, job, context),
    measure: async function* (job, context) {
      const record = (await store.readResult(job.edit)) as unknown as EditRecord;
      return yield* measureEdit(measuring, job, context, record);
    },
    'class bias': (job, context) => sampleClassBias(bench, shelf, references, job, context),
  });
  return { run: withPeakMemory(run), dispose: shelf.dispose };
}
