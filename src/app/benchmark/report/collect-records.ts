import { join } from 'node:path';
import { TaskError } from '../../tasks/task.ts';
import { type Failure, jobStore } from '../harness/job-store.ts';
import type { Cell } from '../plan/cell.ts';
import type { ClassBiasCell } from '../plan/plan-benchmark.ts';
import type { EditRecord } from '../runner/edit-cell.ts';
import type { MeasureRecord } from '../runner/measure-edit.ts';
import type { ClassBiasRecord } from '../runner/sample-class-bias.ts';
import { type PlanRecord, readPlanRecords } from './plan-record.ts';

/** A cell that is done. */
export interface CellRecord extends Cell, Pick<EditRecord, 'cost' | 'pictures'>, MeasureRecord {
  /** Where its pictures are. */
  readonly folder: string;
}

export interface BiasRecord extends ClassBiasCell, ClassBiasRecord {
  readonly folder: string;
}

/** Everything that a report tells of. */
export interface BenchmarkRecords {
  readonly titles: readonly string[];
  readonly model: string;
  readonly settings: PlanRecord['settings'];
  readonly cells: readonly CellRecord[];
  readonly biases: readonly BiasRecord[];
  /** Cells that were asked for and are not done. */
  readonly missing: number;
  readonly failures: readonly Failure[];
  readonly leftOut: readonly string[];
  /** Paths of pictures. */
  readonly sourceOf: (source: string) => string | undefined;
  readonly oracleOf: (source: string, concept: string) => string | undefined;
  readonly referenceOf: (concept: string) => string | undefined;
  /** Plans of other settings, models or instruments than the last run's; they would not compare. */
  readonly otherPlans: number;
}

/**
 * Reads what is done in a benchmark's folder, of all runs that had the settings, model and instruments of the last one.
 * @throws TaskError if nothing was run there
 */
export async function collectRecords(folder: string): Promise<BenchmarkRecords> {
  const plans = await readPlanRecords(folder);
  const [last] = plans;
  if (last === undefined) {
    throw new TaskError(`${folder}: holds no benchmark; name the folder that "dreamsteerer bench" wrote to`);
  }
  const own = plans.filter(({ setup }) => setup === last.setup);
  const store = jobStore(folder);
  const wanted = unique(
    own.flatMap((plan) => plan.cells),
    cellKey,
  );
  const cells: CellRecord[] = [];
  for (const cell of wanted) {
    if (!((await store.isDone(cell.measure)) && (await store.isDone(cell.edit)))) continue;
    const edit = (await store.readResult(cell.edit)) as unknown as EditRecord;
    const { steps } = (await store.readResult(cell.measure)) as unknown as MeasureRecord;
    const { cost, pictures } = edit;
    cells.push({ ...cell, steps, cost, pictures, folder: store.resultFolder(cell.edit) });
  }
  const biases: BiasRecord[] = [];
  for (const bias of unique(
    own.flatMap((plan) => plan.biases),
    ({ hash }) => hash,
  )) {
    if (!(await store.isDone(bias.hash))) continue;
    const { rows } = (await store.readResult(bias.hash)) as unknown as ClassBiasRecord;
    biases.push({ ...bias, rows, folder: store.resultFolder(bias.hash) });
  }
  const path = (relative: string | undefined) =>
    relative === undefined ? undefined : join(folder, relative);
  const found = <T>(of: (plan: PlanRecord) => T | undefined) =>
    own.map(of).find((each) => each !== undefined);
  return {
    titles: [...new Set(own.map(({ title }) => title))],
    model: last.model,
    settings: last.settings,
    ...{ cells, biases, missing: wanted.length - cells.length },
    failures: await store.failures(),
    leftOut: [...new Set(own.flatMap((plan) => plan.leftOut))],
    sourceOf: (source) => path(found((plan) => plan.sources[source]?.picture)),
    oracleOf: (source, concept) => path(found((plan) => plan.sources[source]?.oracles[concept])),
    referenceOf: (concept) => path(found((plan) => plan.references[concept])),
    otherPlans: plans.length - own.length,
  };
}

const cellKey = ({ suite, baseline, variant, measure }: Cell): string =>
  [suite, baseline, variant, measure].join(' ');

const unique = <T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] => [
  ...new Map(items.map((item) => [keyOf(item), item])).values(),
];
