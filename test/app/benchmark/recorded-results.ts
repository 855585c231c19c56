import { join } from 'node:path';
import type { JobRunner } from '../../../src/app/benchmark/harness/job.ts';
import { jobStore } from '../../../src/app/benchmark/harness/job-store.ts';
import { runJobs } from '../../../src/app/benchmark/harness/run-jobs.ts';
import type { OpenedManifest } from '../../../src/app/benchmark/manifest/read-manifest.ts';
import type { BenchmarkJob } from '../../../src/app/benchmark/plan/benchmark-jobs.ts';
import { benchmarkSettings, changedSettings } from '../../../src/app/benchmark/plan/benchmark-settings.ts';
import type { Cell } from '../../../src/app/benchmark/plan/cell.ts';
import { type BenchmarkRequest, planBenchmark } from '../../../src/app/benchmark/plan/plan-benchmark.ts';
import { writePlanRecord } from '../../../src/app/benchmark/report/plan-record.ts';
import { runnerOf } from '../../../src/app/benchmark/runner/method-runner.ts';
import { ndArray } from '../../../src/engine/index.ts';
import { writeSafetensors } from '../../../src/files/formats/index.ts';
import { makePicture, readPicture, writePicture } from '../../../src/files/images/index.ts';

/** What a fake edit comes to after a step. */
export type FakeFigures = (cell: Cell, step: number) => Readonly<Record<string, number>>;

export const recordedSteps = [1, 2, 4];

export const recordedRequest: BenchmarkRequest = {
  suites: ['main', 'ablation', 'one-shot'],
  baselines: ['dreambooth'],
  seeds: [0],
  settings: changedSettings(benchmarkSettings('pocket'), { editing: { recordedSteps } }),
  identity: { preset: 'pocket', model: 'a', instruments: [{ kind: 'CLIP', name: 'org/clip', hash: 'c' }] },
};

/**
 * Does all jobs of a request as if with a method: pictures are mixed of the source and the right edit, figures are those
 * that the caller decides.
 */
export async function recordResults(
  folder: string,
  opened: OpenedManifest,
  request: BenchmarkRequest,
  figures: FakeFigures,
): Promise<void> {
  const plan = await planBenchmark(opened, request);
  await writePlanRecord(folder, opened, { model: 'fake model', device: 'cpu' }, request, plan);
  const running = runJobs(plan.jobs, {
    store: jobStore(folder),
    run: fakeRunner(opened, plan.cells, figures),
  });
  let next = await running.next();
  for (; !next.done; next = await running.next()) {
    if (next.value.kind === 'failed') throw new Error(next.value.message);
  }
}

function fakeRunner(
  { manifest, resolve }: OpenedManifest,
  cells: readonly Cell[],
  figures: FakeFigures,
): JobRunner<BenchmarkJob> {
  const cellOf = (of: 'edit' | 'measure', hash: string) => cells.find((cell) => cell[of] === hash)!;
  return runnerOf({
    learn: async function* () {
      yield { stage: 'learning', done: 1, total: 1 };
      return { loss: 0.1, seconds: 360, peakBytes: 5 * 2 ** 30 };
    },
    edit: async function* (job, { folder }) {
      const { concept, source, variant } = cellOf('edit', job.hash);
      const oracle = manifest.sources.find(({ name }) => name === source)!.oracles?.[concept];
      const from = await readPicture(job.picture);
      const to = await readPicture(resolve(oracle?.picture ?? `${source}.png`));
      const pictures = [];
      for (const step of recordedSteps) {
        const share = (step / 4) * (variant === 'steered' ? 1 : 0.6);
        const pixels = from.pixels.map((value, i) => value + share * (to.pixels[i]! - value));
        const file = `step-${step}.png`;
        await writePicture(join(folder, file), makePicture(from.height, from.width, pixels));
        pictures.push({ step, file, seconds: step, change: share });
        yield { stage: 'editing', done: step, total: 4 };
      }
      const moved = Float32Array.from({ length: 64 }, (_, i) =>
        Math.max(0, 4 - Math.hypot((i % 4) - 1.5, ((i >> 2) % 4) - 1.5)),
      );
      await writeSafetensors(join(folder, 'direction.safetensors'), [
        ['direction', ndArray('float32', [1, 4, 4, 4], moved)],
      ]);
      const steering = job.steering === 'none' ? 0 : 60;
      return {
        pictures,
        mask: job.mask.kind,
        cost: {
          unetCalls: { looking: 10, steering, editing: 8 },
          seconds: { looking: 1, steering: steering / 10, editing: 4 },
        },
        peakBytes: (concept === 'kit' ? 3.5 : 2) * 2 ** 30,
      };
    },
    measure: async function* (job) {
      yield { stage: 'measuring', done: 1, total: 1 };
      const cell = cellOf('measure', job.hash);
      return {
        steps: [0, ...recordedSteps].map((step) => ({ step, figures: figures(cell, step) })),
        autoencoder: { ssim: cell.source === 'sofa' ? 0.985 : 0.96 },
      };
    },
    'class bias': async function* (job, { folder }) {
      const rows = [];
      for (const [place, name] of (['class before', 'class after', 'concept'] as const).entries()) {
        const file = `${place}.png`;
        await writePicture(join(folder, file), await readPicture(job.references[0]!.picture));
        rows.push({
          name,
          prompt: `a photo of a ${job.classWord}`,
          files: [file, file],
          conceptSimilarity: place / 4,
        });
        yield { stage: 'sampling', done: place + 1, total: 3 };
      }
      return { rows };
    },
  });
}
