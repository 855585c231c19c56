import { mkdir, readFile } from 'node:fs/promises';
import { Owner } from '../../../engine/index.ts';
import type { MethodKind } from '../../../files/checkpoints/index.ts';
import type { PresetName } from '../../../methods/personalization/index.ts';
import { jobStore } from '../../benchmark/harness/job-store.ts';
import { type HarnessSummary, runJobs } from '../../benchmark/harness/run-jobs.ts';
import { type OpenedManifest, readManifest } from '../../benchmark/manifest/read-manifest.ts';
import {
  type BenchmarkSettings,
  baselineNames,
  benchmarkSettings,
  changedSettings,
  quickSettings,
} from '../../benchmark/plan/benchmark-settings.ts';
import { type AskedFor, type BenchmarkPlan, planBenchmark } from '../../benchmark/plan/plan-benchmark.ts';
import { parseShard } from '../../benchmark/plan/shard.ts';
import { type SuiteName, suiteNames, type VariantName } from '../../benchmark/plan/variants.ts';
import { writePlanRecord } from '../../benchmark/report/plan-record.ts';
import { writeReport } from '../../benchmark/report/write-report.ts';
import { methodRunner } from '../../benchmark/runner/method-runner.ts';
import type { NamedClip } from '../../benchmark/runner/open-instruments.ts';
import { openWorkbench, type Workbench } from '../../benchmark/runner/workbench.ts';
import { locateClip } from '../../models/locate-model.ts';
import { lastPart, openModel } from '../../models/open-model.ts';
import { presetOf } from '../../models/preset-of.ts';
import { defineTask, ParameterError, type TaskContext, TaskError } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { checkBenchmarkMemory } from './check-memory.ts';
import { type BenchParameters, benchParameters } from './parameters.ts';
import { showJobs } from './show-jobs.ts';

export interface BenchmarkResult {
  readonly jobs: HarnessSummary;
  readonly edits: number;
  /** Of the report; none if nothing is measured yet. */
  readonly files: readonly string[];
}

/** Runs a benchmark, or goes on with it, and reports. */
export const bench = defineTask({
  summary:
    'Measure personalized editing: the tables and figures of the paper, on a set of your own or the built-in one',
  examples: [
    ['pocket/benchmark.json', 'everything, with the built-in model; broken off, the same command goes on'],
    ['pocket/benchmark.json --quick', 'a sample in minutes'],
    ['pocket/benchmark.json --baseline dreambooth --suite main --limit 16', 'a part of it'],
    [
      'photos/benchmark.json -m stable-diffusion-v1-5/stable-diffusion-v1-5 --clip openai/clip-vit-base-patch32 --shard 1/4',
      'a quarter of it on this machine',
    ],
  ],
  parameters: benchParameters,

  async *run(parameters, context): AsyncGenerator<TaskEvent, BenchmarkResult> {
    const manifest = await readManifest(parameters.manifest);
    const shard = parameters.shard === undefined ? undefined : parseShard(parameters.shard);
    const changes = await readSettings(parameters.settings);
    const opened = yield* openModel(parameters, context);
    await using owner = new Owner();
    owner.defer(opened.close);
    const preset = presetOf(opened.checkpoint);
    const asked = requestOf(parameters, settingsFor(parameters, preset, changes));
    yield* checkBenchmarkMemory(parameters, opened, asked, manifest.manifest);
    const clips = yield* locateClips(parameters.clips, context);
    const workbench = owner.use(
      yield* openWorkbench(opened, { ...parameters, clips, signal: context.signal }),
    );
    const { identity } = workbench;
    const request = { ...asked, identity, ...(shard && { shard }) };
    yield { kind: 'stage', stage: 'Planning' };
    const plan = await planBenchmark(manifest, request);
    for (const sentence of plan.leftOut) yield { kind: 'warning', message: `left out: ${sentence}` };
    if (plan.cells.length === 0) throw nothingToDo(manifest, parameters);
    await mkdir(parameters.output, { recursive: true });
    await writePlanRecord(
      parameters.output,
      manifest,
      { model: workbench.title, device: workbench.base.model.device.name },
      { settings: asked.settings, identity },
      plan,
    );
    const jobs = yield* runPlan(workbench, plan, parameters.output, context);
    yield { kind: 'stage', stage: 'Writing the report' };
    const report = await writeReport(parameters.output);
    for (const path of report.paths) yield { kind: 'file', path };
    return { jobs, edits: plan.cells.length, files: report.paths };
  },

  describe: ({ jobs, edits, files }) => {
    const failed = jobs.failed.length === 0 ? '' : `, ${jobs.failed.length} failed (run it again to retry)`;
    const done = `${edits} edits asked for; ${jobs.done} of ${jobs.jobs} jobs done${failed}`;
    return [done, ...files].join('\n');
  },
});

async function* locateClips(
  pathsOrIds: readonly string[],
  context: TaskContext,
): AsyncGenerator<TaskEvent, readonly NamedClip[], undefined> {
  const clips: NamedClip[] = [];
  for (const each of pathsOrIds) {
    const folder = yield* locateClip(each, context);
    clips.push({ name: folder === each ? lastPart(folder) : each, folder });
  }
  return clips;
}

async function* runPlan(
  workbench: Workbench,
  { jobs }: BenchmarkPlan,
  folder: string,
  { signal }: TaskContext,
): AsyncGenerator<TaskEvent, HarnessSummary, undefined> {
  const store = jobStore(folder);
  const runner = methodRunner(workbench, store);
  try {
    return yield* showJobs(runJobs(jobs, { store, run: runner.run, ...(signal && { signal }) }));
  } finally {
    await runner.dispose();
  }
}

async function readSettings(path: string | undefined): Promise<unknown> {
  if (path === undefined) return undefined;
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'is no JSON' : 'cannot be read';
    throw new TaskError(`${path}: ${reason} (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
}

function settingsFor({ quick }: BenchParameters, preset: PresetName, changes: unknown): BenchmarkSettings {
  const usual = benchmarkSettings(preset);
  const wanted = quick ? quickSettings(usual) : usual;
  return changes === undefined ? wanted : changedSettings(wanted, changes);
}

/** What `--quick` leaves of it, where nothing else is said. */
const QUICK = { limit: 2, baselines: ['dreambooth'] } as const;

function requestOf(
  { suites, baselines, methods, seeds, firstSeed, limit, quick }: BenchParameters,
  settings: BenchmarkSettings,
): AskedFor {
  const most = limit ?? (quick ? QUICK.limit : undefined);
  const usual = quick ? QUICK.baselines : baselineNames;
  return {
    suites: suites.length > 0 ? (suites as SuiteName[]) : suiteNames,
    baselines: baselines.length > 0 ? (baselines as MethodKind[]) : usual,
    ...(methods.length > 0 && { variants: methods as VariantName[] }),
    seeds: Array.from({ length: seeds }, (_, index) => firstSeed + index),
    ...(most !== undefined && { limit: most }),
    settings,
  };
}

function nothingToDo({ path, manifest }: OpenedManifest, { shard }: BenchParameters): TaskError {
  if (shard !== undefined) {
    return new ParameterError('shard', `there are fewer cells than shards, so ${shard} is empty; take fewer`);
  }
  return new TaskError(
    `${path}: is for ${manifest.suites.join(', ')}, and nothing of that is asked for; leave out --suite and --method, or change them`,
  );
}
