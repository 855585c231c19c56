import type { MethodKind } from '../../../files/checkpoints/index.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { type OpenedManifest, pairsOf } from '../manifest/read-manifest.ts';
import type { BenchmarkJob, LearnJob } from './benchmark-jobs.ts';
import type { BenchmarkSettings } from './benchmark-settings.ts';
import type { Case, Cell } from './cell.ts';
import { type BenchmarkIdentity, jobMaker } from './make-jobs.ts';
import { cellsOfShard, type Shard } from './shard.ts';
import { type SuiteName, suites, type VariantName } from './variants.ts';

/** What is asked for, of all that a manifest allows. */
export interface BenchmarkRequest {
  readonly suites: readonly SuiteName[];
  readonly baselines: readonly MethodKind[];
  /** Default: all of a suite. */
  readonly variants?: readonly VariantName[];
  /** Of edits. */
  readonly seeds: readonly number[];
  /** Cases of each suite at most; those of as many concepts as possible come first. */
  readonly limit?: number;
  readonly shard?: Shard;
  readonly settings: BenchmarkSettings;
  readonly identity: BenchmarkIdentity;
}

/** A request, before the model is loaded and hashed. */
export type AskedFor = Omit<BenchmarkRequest, 'identity' | 'shard'>;

export interface BenchmarkPlan {
  readonly cells: readonly Cell[];
  readonly biases: readonly ClassBiasCell[];
  /** Every job that these need, once, in a good order. */
  readonly jobs: readonly BenchmarkJob[];
  /** What was asked for and cannot be, a sentence each. */
  readonly leftOut: readonly string[];
}

export interface ClassBiasCell {
  readonly suite: SuiteName;
  readonly baseline: MethodKind;
  readonly concept: string;
  readonly hash: string;
}

/** The cells that a request comes to, and the jobs that make them. Reads the manifest's pictures to hash them. */
export async function planBenchmark(
  opened: OpenedManifest,
  request: BenchmarkRequest,
): Promise<BenchmarkPlan> {
  const maker = jobMaker(opened, request);
  const all: { readonly cell: Cell; readonly jobs: readonly BenchmarkJob[] }[] = [];
  const biases: ClassBiasCell[] = [];
  const leftOut = new Set<string>();
  for (const suite of request.suites.filter((each) => opened.manifest.suites.includes(each))) {
    const named = suites[suite].variants.filter((each) => request.variants?.includes(each) ?? true);
    for (const each of casesOf(opened.manifest, request)) {
      for (const baseline of request.baselines) {
        for (const variant of named) {
          const made = await maker.cell(suite, baseline, variant, each);
          if ('missing' in made) leftOut.add(made.missing);
          else all.push(made);
        }
      }
    }
  }
  const everything = all.map(({ cell }) => cell);
  const cells = request.shard === undefined ? everything : cellsOfShard(everything, request.shard);
  const kept = new Set(cells);
  const jobs = new Map<string, BenchmarkJob>();
  const seen = new Set<string>();
  for (const { cell, jobs: own } of all) {
    const { suite, baseline, concept, learn } = cell;
    const isFirst = !seen.has(`${suite} ${learn}`);
    seen.add(`${suite} ${learn}`);
    if (!kept.has(cell)) continue;
    for (const job of own) jobs.set(job.hash, job);
    if (!isFirst) continue;
    const bias = maker.classBias(suite, concept, own[0] as LearnJob);
    jobs.set(bias.hash, bias);
    biases.push({ suite, baseline, concept, hash: bias.hash });
  }
  return { cells, biases, jobs: [...jobs.values()], leftOut: [...leftOut] };
}

/** Sources of different concepts by turns, so that the first cases are of as many concepts as there are. */
export function casesOf(
  manifest: Pick<Manifest, 'concepts' | 'sources'>,
  { seeds, limit = Number.POSITIVE_INFINITY }: Pick<BenchmarkRequest, 'seeds' | 'limit'>,
): readonly Case[] {
  const byConcept = manifest.concepts.map(({ name }) =>
    pairsOf(manifest).filter(([concept]) => concept === name),
  );
  const rounds = Math.max(...byConcept.map(({ length }) => length));
  const turns = Array.from({ length: rounds }, (_, round) =>
    byConcept.flatMap((pairs) => (pairs[round] === undefined ? [] : [pairs[round]])),
  ).flat();
  return seeds
    .flatMap((seed) => turns.map(([concept, source]): Case => ({ concept, source, seed })))
    .slice(0, limit);
}
