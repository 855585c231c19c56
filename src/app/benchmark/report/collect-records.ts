import { join } from 'node:path';
import { TaskError } from '../../tasks/task.ts';
import { type Failure, type JobStore, jobStore } from '../harness/job-store.ts';
import type { MemoryRecord } from '../harness/peak-memory.ts';
import { type Cell, caseKey } from '../plan/cell.ts';
import type { ClassBiasCell } from '../plan/plan-benchmark.ts';
import { suites } from '../plan/variants.ts';
import type { EditRecord } from '../runner/edit-cell.ts';
import type { LearnRecord } from '../runner/learn-concept.ts';
import type { MeasureRecord } from '../runner/measure-edit.ts';
import type { ClassBiasRecord } from '../runner/sample-class-bias.ts';
import { type PlanRecord, readPlanRecords } from './plan-record.ts';

/** A cell that is done. */
export interface CellRecord extends PlannedCell, Pick<EditRecord, 'cost' | 'pictures'>, MeasureRecord {
  /** Where its pictures are. */
  readonly folder: string;
  /** How long its concept was learned, which other cells have too. */
  readonly learningSeconds: number;
  /** The most memory of the processes that edited and that learned; undefined in results of before it was measured. */
  readonly peakBytes: number | undefined;
  readonly learningPeakBytes: number | undefined;
}

/** A cell with the paths of what it was made of, since concepts and sources of other manifests may have the same names. */
interface PlannedCell extends Cell {
  readonly sourcePicture: string;
  readonly referencePicture: string;
  readonly oraclePicture: string | undefined;
}

export interface BiasRecord extends PlannedBias, ClassBiasRecord {
  readonly folder: string;
}

interface PlannedBias extends ClassBiasCell {
  readonly referencePicture: string;
}

/** Everything that a report tells of. */
export interface BenchmarkRecords {
  readonly titles: readonly string[];
  readonly model: string;
  readonly instruments: PlanRecord['instruments'];
  /** The last runs of each set, device and settings. */
  readonly runs: readonly Pick<PlanRecord, 'title' | 'device' | 'date' | 'settings'>[];
  readonly cells: readonly CellRecord[];
  readonly biases: readonly BiasRecord[];
  /** Cells that were asked for and are not done. */
  readonly missing: number;
  readonly failures: readonly Failure[];
  readonly leftOut: readonly string[];
  /** Plans of which something would not compare with what newer ones have, and is left out. */
  readonly otherPlans: number;
}

/**
 * Reads what is done in a benchmark's folder, of all runs that had the model and instruments of the last one. A table
 * (a suite with a baseline) has the cells of the last run that asked for it and of those with the same setup; a case that
 * several of them asked for is as the last one did.
 * @throws TaskError if nothing was run there
 */
export async function collectRecords(folder: string): Promise<BenchmarkRecords> {
  const plans = await readPlanRecords(folder);
  const [last] = plans;
  if (last === undefined) {
    throw new TaskError(`${folder}: holds no benchmark; name the folder that "dreamsteerer bench" wrote to`);
  }
  const comparable = plans.filter(({ identity }) => identity === last.identity);
  const isCurrent = newestSetups(comparable);
  const own = comparable.filter((plan) => plan.cells.some((cell) => isCurrent(plan, cell)));
  const store = jobStore(folder);
  const wantedCells = firstOfEach(
    own.flatMap((plan) =>
      plan.cells.filter((cell) => isCurrent(plan, cell)).map((cell) => withPaths(folder, plan, cell)),
    ),
    (cell) => `${tableKey(cell)} ${cell.variant} ${caseKey(cell)}`,
  );
  const wantedBiases = firstOfEach(
    own.flatMap((plan) =>
      plan.biases
        .filter((bias) => isCurrent(plan, bias))
        .map((bias) => ({ ...bias, referencePicture: join(folder, plan.references[bias.concept]!) })),
    ),
    ({ suite, baseline, concept }) => `${suites[suite].references} ${baseline} ${concept}`,
  );
  const hashes = [...wantedCells.flatMap(hashesOf), ...wantedBiases.map(({ hash }) => hash)];
  const cells = await readCells(store, wantedCells);
  return {
    titles: [...new Set(own.map(({ title }) => title))],
    model: last.model,
    instruments: last.instruments,
    runs: firstOfEach(
      own.map(({ title, device, date, settings }) => ({ title, device, date, settings })),
      ({ title, device, settings }) => JSON.stringify([title, device, settings]),
    ),
    cells,
    biases: await readBiases(store, wantedBiases),
    missing: wantedCells.length - cells.length,
    failures: await store.failures(new Set(hashes)),
    leftOut: [...new Set(own.flatMap((plan) => plan.leftOut))],
    otherPlans: plans.filter(
      (plan) => !(own.includes(plan) && plan.cells.every((cell) => isCurrent(plan, cell))),
    ).length,
  };
}

const hashesOf = ({ learn, edit, measure }: Cell): readonly string[] => [learn, edit, measure];

/** Those that are done. */
async function readCells(store: JobStore, wanted: readonly PlannedCell[]): Promise<readonly CellRecord[]> {
  const cells: CellRecord[] = [];
  for (const cell of wanted) {
    const done = await Promise.all(hashesOf(cell).map(store.isDone));
    if (done.includes(false)) continue;
    const learned = (await store.readResult(cell.learn)) as unknown as LearnRecord & MemoryRecord;
    const edited = (await store.readResult(cell.edit)) as unknown as EditRecord & MemoryRecord;
    const { steps, autoencoder } = (await store.readResult(cell.measure)) as unknown as MeasureRecord;
    cells.push({
      ...cell,
      steps,
      autoencoder,
      cost: edited.cost,
      pictures: edited.pictures,
      folder: store.resultFolder(cell.edit),
      learningSeconds: learned.seconds,
      peakBytes: edited.peakBytes,
      learningPeakBytes: learned.peakBytes,
    });
  }
  return cells;
}

async function readBiases(store: JobStore, wanted: readonly PlannedBias[]): Promise<readonly BiasRecord[]> {
  const biases: BiasRecord[] = [];
  for (const bias of wanted) {
    if (!(await store.isDone(bias.hash))) continue;
    const { rows } = (await store.readResult(bias.hash)) as unknown as ClassBiasRecord;
    biases.push({ ...bias, rows, folder: store.resultFolder(bias.hash) });
  }
  return biases;
}

type OfTable = Pick<Cell, 'suite' | 'baseline'>;
const tableKey = ({ suite, baseline }: OfTable): string => `${suite} ${baseline}`;

/** Whether a plan has the setup that the newest plan for a table has. @param plans the newest first */
function newestSetups(plans: readonly PlanRecord[]): (plan: PlanRecord, of: OfTable) => boolean {
  const newest = new Map<string, string>();
  for (const { cells, setups } of plans) {
    for (const cell of cells) {
      const key = tableKey(cell);
      if (!newest.has(key)) newest.set(key, setups[cell.baseline]);
    }
  }
  return ({ setups }, of) => setups[of.baseline] === newest.get(tableKey(of));
}

function withPaths(folder: string, { sources, references }: PlanRecord, cell: Cell): PlannedCell {
  const { picture, oracles } = sources[cell.source]!;
  const oracle = oracles[cell.concept];
  return {
    ...cell,
    sourcePicture: join(folder, picture),
    referencePicture: join(folder, references[cell.concept]!),
    oraclePicture: oracle === undefined ? undefined : join(folder, oracle),
  };
}

function firstOfEach<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const found = new Map<string, T>();
  for (const item of items) if (!found.has(keyOf(item))) found.set(keyOf(item), item);
  return [...found.values()];
}
