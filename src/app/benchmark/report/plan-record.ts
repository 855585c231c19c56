import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { replaceFile } from '../../../files/formats/replace-file.ts';
import type { OpenedManifest } from '../manifest/read-manifest.ts';
import type { BenchmarkSettings } from '../plan/benchmark-settings.ts';
import type { Cell } from '../plan/cell.ts';
import { contentHash, type PlainData } from '../plan/content-hash.ts';
import type { BenchmarkIdentity } from '../plan/make-jobs.ts';
import type { BenchmarkPlan, ClassBiasCell } from '../plan/plan-benchmark.ts';

/** What a run was asked for, kept beside the results: a report is made of it. */
export interface PlanRecord {
  readonly title: string;
  /** What the model is called. */
  readonly model: string;
  /** Of settings, model and instruments: figures of equal ones belong in one table. */
  readonly setup: string;
  readonly settings: BenchmarkSettings;
  readonly cells: readonly Cell[];
  readonly biases: readonly ClassBiasCell[];
  readonly leftOut: readonly string[];
  /** Paths from the benchmark's folder. */
  readonly sources: Readonly<
    Record<string, { readonly picture: string; readonly oracles: Readonly<Record<string, string>> }>
  >;
  readonly references: Readonly<Record<string, string>>;
}

/** Writes the plan into the benchmark's folder; the same plan again replaces itself. */
export async function writePlanRecord(
  folder: string,
  { manifest, resolve: fromManifest, references }: OpenedManifest,
  model: string,
  { settings, identity }: { readonly settings: BenchmarkSettings; readonly identity: BenchmarkIdentity },
  { cells, biases, leftOut }: BenchmarkPlan,
): Promise<void> {
  const fromFolder = (path: string) => relative(resolve(folder), resolve(path)).replaceAll('\\', '/');
  const record: PlanRecord = {
    title: manifest.title,
    model,
    setup: contentHash({ settings, identity } as unknown as PlainData),
    settings,
    ...{ cells, biases, leftOut },
    sources: Object.fromEntries(
      manifest.sources.map(({ name, picture, oracles = {} }) => [
        name,
        {
          picture: fromFolder(fromManifest(picture)),
          oracles: Object.fromEntries(
            Object.entries(oracles).map(([concept, each]) => [
              concept,
              fromFolder(fromManifest(each.picture)),
            ]),
          ),
        },
      ]),
    ),
    references: Object.fromEntries(
      [...references].map(([concept, [first]]) => [concept, fromFolder(first!.picture)]),
    ),
  };
  await mkdir(join(folder, PLANS), { recursive: true });
  const name = `${contentHash({ cells, biases } as unknown as PlainData).slice(0, 16)}.json`;
  await replaceFile(join(folder, PLANS, name), (write) =>
    write(Buffer.from(`${JSON.stringify(record, undefined, 1)}\n`)),
  );
}

const PLANS = 'plans';

/** The plans of a benchmark's folder, the one that was made last first. */
export async function readPlanRecords(folder: string): Promise<readonly PlanRecord[]> {
  const names = await readdir(join(folder, PLANS)).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => {
        const path = join(folder, PLANS, name);
        const { mtimeMs } = await stat(path);
        return { mtimeMs, record: JSON.parse(await readFile(path, 'utf8')) as PlanRecord };
      }),
  );
  return found.sort((a, b) => b.mtimeMs - a.mtimeMs).map(({ record }) => record);
}
