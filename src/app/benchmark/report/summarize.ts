import { fold, randomKey } from '../../../engine/index.ts';
import type { MethodKind } from '../../../files/checkpoints/index.ts';
import {
  type MetricName,
  mean,
  metricNames,
  metrics,
  type PairedDifference,
  type PairedOptions,
  pairedDifference,
} from '../../../methods/evaluation/index.ts';
import { baselineNames, baselines } from '../plan/benchmark-settings.ts';
import { caseKey } from '../plan/cell.ts';
import { type SuiteName, suiteNames, suites, type VariantName } from '../plan/variants.ts';
import type { CellRecord } from './collect-records.ts';
import { compareAtEqualSimilarity, type EqualComparison } from './equal-similarity.ts';

/** What the paper's tables have, and what stands for it: these come first. */
export const leadingMetrics: readonly MetricName[] = [
  'clip-i',
  'clip-i-subject',
  'lpips-alex',
  'lpips-vgg',
  'pocket-perceptual-distance',
  'ssim',
  'ms-ssim',
  'oracle-subject-l1',
];

/** One suite with one baseline: a table, its curves and its costs. */
export interface TableSummary {
  readonly suite: SuiteName;
  readonly baseline: MethodKind;
  readonly title: string;
  /** What the others are compared with. */
  readonly reference: VariantName;
  readonly cases: number;
  readonly concepts: number;
  /** Those that are measured, in the order of their table. */
  readonly figures: readonly FigureName[];
  /** What stands for concept similarity. */
  readonly similarity: FigureName | undefined;
  /** Of sources encoded and decoded, without an edit: means over cases. */
  readonly autoencoder: Readonly<Record<FigureName, number>>;
  /** Of learning a concept, a mean over concepts. */
  readonly learningSeconds: number;
  /** The most of all concepts, see `CostSummary`. */
  readonly learningPeakBytes: number | undefined;
  readonly rows: readonly RowSummary[];
}

/** A metric, perhaps of a further CLIP model: `clip-i`, `clip-i (clip-vit-large)`. */
export type FigureName = string;

export interface RowSummary {
  readonly variant: VariantName;
  /** Cases that are done, and concepts among them. */
  readonly cases: number;
  readonly concepts: number;
  /** After the last step, means over cases. */
  readonly means: Readonly<Record<FigureName, number>>;
  /** Against the table's reference over equal cases, after the last step. */
  readonly differences: Readonly<Record<FigureName, PairedDifference>>;
  /** Against the reference at equal concept similarity. */
  readonly equal: readonly EqualComparison[];
  /** Means after each step; step 0 is the unedited source. */
  readonly curve: readonly { readonly step: number; readonly means: Readonly<Record<FigureName, number>> }[];
  readonly cost: CostSummary;
}

/** Means over cases, and the most memory. */
export interface CostSummary {
  readonly unetCalls: number;
  readonly steeringCalls: number;
  readonly seconds: number;
  readonly steeringSeconds: number;
  /** The most that a process had while it edited a case; undefined where no result tells it. */
  readonly peakBytes: number | undefined;
}

/** Seconds that all results of a report took, each counted once, whatever tables it is in. */
export interface MachineTime {
  readonly learning: number;
  /** Looking for the subject, steering and editing. */
  readonly editing: number;
}

export function machineTime(cells: readonly CellRecord[]): MachineTime {
  const sum = (seconds: readonly number[]) => seconds.reduce((total, each) => total + each, 0);
  return {
    learning: sum(distinct(cells, ({ learn }) => learn).map(({ learningSeconds }) => learningSeconds)),
    editing: sum(distinct(cells, ({ edit }) => edit).map(secondsOf)),
  };
}

const secondsOf = ({ cost: { seconds } }: CellRecord): number =>
  seconds.looking + seconds.steering + seconds.editing;

const distinct = (
  cells: readonly CellRecord[],
  keyOf: (cell: CellRecord) => string,
): readonly CellRecord[] => [...new Map(cells.map((cell) => [keyOf(cell), cell])).values()];

/** A cell of each case of each table, whatever its variant: they have the same source, and the same autoencoder. */
export const oneOfEachCase = (cells: readonly CellRecord[]): readonly CellRecord[] =>
  distinct(cells, (cell) => `${cell.suite} ${cell.baseline} ${caseKey(cell)}`);

/** The tables of a benchmark. Intervals resample concepts, since figures of one concept resemble each other. */
export function summarize(cells: readonly CellRecord[]): readonly TableSummary[] {
  return suiteNames.flatMap((suite) =>
    baselineNames.flatMap((baseline) => {
      const own = cells.filter((cell) => cell.suite === suite && cell.baseline === baseline);
      return own.length === 0 ? [] : [tableOf(suite, baseline, own)];
    }),
  );
}

/** Half of the resamples that a single comparison takes: a report makes hundreds, and ends move by a few per cent. */
const RESAMPLES = 1000;

export const pairing: PairedOptions = {
  key: fold(randomKey(0), 'report'),
  resamples: RESAMPLES,
  groupOf: (key) => key.split(' ')[0]!,
};

function tableOf(suite: SuiteName, baseline: MethodKind, cells: readonly CellRecord[]): TableSummary {
  const { title, variants: names, reference } = suites[suite];
  const byVariant = new Map(
    names.map((name) => [name, cells.filter(({ variant }) => variant === name)] as const),
  );
  const figures = figuresOf(cells);
  const similarity = (['clip-i-subject', 'clip-i'] as const).find((name) => figures.includes(name));
  const against = byVariant.get(reference)!;
  const rows = names.flatMap((variant): RowSummary[] => {
    const own = byVariant.get(variant)!;
    return own.length === 0
      ? []
      : [rowOf(variant, own, variant === reference ? [] : against, figures, similarity)];
  });
  const cases = oneOfEachCase(cells);
  return {
    suite,
    baseline,
    reference,
    figures,
    similarity,
    rows,
    title: `${title}: ${baselines[baseline]}`,
    autoencoder: meansOf(
      figures,
      cases.map((cell) => cell.autoencoder),
    ),
    learningSeconds: mean(distinct(cells, ({ learn }) => learn).map((cell) => cell.learningSeconds)),
    learningPeakBytes: mostOf(cells.map((cell) => cell.learningPeakBytes)),
    cases: cases.length,
    concepts: countConcepts(cells),
  };
}

const countConcepts = (cells: readonly CellRecord[]): number =>
  new Set(cells.map(({ concept }) => concept)).size;

function rowOf(
  variant: VariantName,
  cells: readonly CellRecord[],
  reference: readonly CellRecord[],
  figures: readonly FigureName[],
  similarity: FigureName | undefined,
): RowSummary {
  const curve = (cells[0]?.steps ?? []).map(({ step }, place) => ({
    step,
    means: meansOf(
      figures,
      cells.map((cell) => cell.steps[place]?.figures ?? {}),
    ),
  }));
  const isComparable = cells.some((cell) => reference.some((other) => caseKey(other) === caseKey(cell)));
  return {
    variant,
    curve,
    cases: cells.length,
    concepts: countConcepts(cells),
    means: curve.at(-1)?.means ?? {},
    differences: isComparable ? differencesOf(figures, cells, reference) : {},
    equal:
      isComparable && similarity !== undefined
        ? compareAtEqualSimilarity(similarity, cells, reference, pairing)
        : [],
    cost: {
      unetCalls: mean(
        cells.map(({ cost: { unetCalls } }) => unetCalls.looking + unetCalls.steering + unetCalls.editing),
      ),
      steeringCalls: mean(cells.map(({ cost }) => cost.unetCalls.steering)),
      seconds: mean(cells.map(secondsOf)),
      steeringSeconds: mean(cells.map(({ cost }) => cost.seconds.steering)),
      peakBytes: mostOf(cells.map(({ peakBytes }) => peakBytes)),
    },
  };
}

/** Of those that are known. */
function mostOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function differencesOf(
  figures: readonly FigureName[],
  cells: readonly CellRecord[],
  reference: readonly CellRecord[],
): Readonly<Record<FigureName, PairedDifference>> {
  const last = (records: readonly CellRecord[], figure: FigureName) =>
    new Map(
      records.flatMap((record) => {
        const value = record.steps.at(-1)?.figures[figure];
        return value === undefined ? [] : [[caseKey(record), value] as const];
      }),
    );
  return Object.fromEntries(
    figures.flatMap((figure) => {
      const [ours, theirs] = [last(cells, figure), last(reference, figure)];
      const isShared = [...ours.keys()].some((key) => theirs.has(key));
      return isShared ? [[figure, pairedDifference(ours, theirs, pairing)] as const] : [];
    }),
  );
}

const meansOf = (figures: readonly FigureName[], all: readonly Readonly<Record<string, number>>[]) =>
  Object.fromEntries(
    figures.flatMap((figure) => {
      const values = all.flatMap((each) => (each[figure] === undefined ? [] : [each[figure]]));
      return values.length === 0 ? [] : [[figure, mean(values)] as const];
    }),
  );

/** In the order of the metrics, those of further CLIP models behind their own. */
function figuresOf(cells: readonly CellRecord[]): readonly FigureName[] {
  const found = new Set(cells.flatMap(({ steps }) => steps.flatMap(({ figures }) => Object.keys(figures))));
  return metricNames.flatMap((name) => [...found].filter((figure) => metricOf(figure) === name).sort());
}

/** The metric of a figure. */
export const metricOf = (figure: FigureName): MetricName => figure.replace(/ \(.*\)$/, '') as MetricName;

/** What tables call it. */
export const titleOf = (figure: FigureName): string =>
  `${metrics[metricOf(figure)].title}${figure.slice(metricOf(figure).length)}`;
