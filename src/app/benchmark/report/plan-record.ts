import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { MethodKind } from '../../../files/checkpoints/index.ts';
import { replaceFile } from '../../../files/formats/replace-file.ts';
import { contentHash, type PlainData } from '../../runs/content-hash.ts';
import type { OpenedManifest } from '../manifest/read-manifest.ts';
import { type BenchmarkSettings, ofBaselines } from '../plan/benchmark-settings.ts';
import type { Cell } from '../plan/cell.ts';
import {
  type BenchmarkIdentity,
  type InstrumentIdentity,
  MEASURES_VERSION,
  METHOD_VERSION,
} from '../plan/make-jobs.ts';
import type { BenchmarkPlan, ClassBiasCell } from '../plan/plan-benchmark.ts';

/** What a run was asked for, kept beside the results: a report is made of it. */
export interface PlanRecord {
  readonly format: typeof FORMAT;
  /** Of the manifest. */
  readonly title: string;
  /** What the model is called. */
  readonly model: string;
  readonly device: string;
  /** The day, such as 2026-11-26. */
  readonly date: string;
  readonly instruments: readonly InstrumentIdentity[];
  /** Of model, instruments and versions: figures of equal ones belong on one page. */
  readonly identity: string;
  /** Of the title and of a baseline's own settings: figures of equal ones belong in one of its tables. */
  readonly setups: { readonly [M in MethodKind]: string };
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
  { model, device }: Pick<PlanRecord, 'model' | 'device'>,
  { settings, identity }: { readonly settings: BenchmarkSettings; readonly identity: BenchmarkIdentity },
  { cells, biases, leftOut }: BenchmarkPlan,
): Promise<void> {
  const fromFolder = (path: string) => relative(resolve(folder), resolve(path)).replaceAll('\\', '/');
  const { title } = manifest;
  const { training, trainingSeed, steering, editing } = settings;
  const hashOf = (data: object) => contentHash(data as PlainData);
  const record: PlanRecord = {
    format: FORMAT,
    title,
    model,
    device,
    date: new Date().toISOString().slice(0, 10),
    instruments: identity.instruments,
    identity: hashOf({ identity, METHOD_VERSION, MEASURES_VERSION }),
    setups: ofBaselines((kind) =>
      hashOf({ title, training: training[kind], trainingSeed, steering: steering[kind], editing }),
    ),
    settings,
    cells,
    biases,
    leftOut,
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
const FORMAT = 'dreamsteerer plan 2';

/** The plans of a benchmark's folder, the one that was made last first; those of older versions are passed over. */
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
  return found
    .filter(({ record }) => record.format === FORMAT)
    .sort((a, b) => b.mtimeMs - a.mtimeMs)
    .map(({ record }) => record);
}
