import { type BootstrapOptions, type Estimate, estimate, resample } from './bootstrap.ts';

/** Figures by what they were measured of: a concept, a source and a seed in one word. */
export type Measurements = ReadonlyMap<string, number>;

export interface PairedOptions extends BootstrapOptions {
  /**
   * Keys of one group are resampled together: figures of one concept resemble each other, and an interval that takes
   * them for independent is too narrow. Default: every key alone.
   */
  readonly groupOf?: (key: string) => string;
}

/** A figure of a method beside that of a baseline. */
export interface Comparison {
  readonly method: number;
  readonly baseline: number;
  /** method − baseline */
  readonly difference: Estimate;
  /** 100 · difference / |baseline|, as papers state gains: −7.3 is 7.3 % less. Undefined where that is 0. */
  readonly relativePercent: Estimate | undefined;
}

/** The means over equal keys compared. */
export interface PairedDifference extends Comparison {
  /** How many keys both have. */
  readonly pairs: number;
  /** Keys that only one of them has; they do not count. */
  readonly leftOut: readonly string[];
}

/**
 * Compares a method with a baseline measured on the same cases. Pairing takes out how difficult a case is, so the
 * interval is that of the difference and not of two means.
 * @throws a sentence if no key is in both, or a figure is not finite
 */
export function pairedDifference(
  method: Measurements,
  baseline: Measurements,
  options: PairedOptions,
): PairedDifference {
  const pairs = [...method].flatMap(([key, value]) => {
    const other = baseline.get(key);
    return other === undefined ? [] : [{ key, method: value, baseline: other }];
  });
  if (pairs.length === 0) {
    throw new Error(
      `pairedDifference: none of the ${method.size} and ${baseline.size} keys is in both; measure the same cases`,
    );
  }
  for (const { key, method, baseline } of pairs) {
    if (!(Number.isFinite(method) && Number.isFinite(baseline))) {
      throw new Error(
        `pairedDifference: "${key}" is ${method} against ${baseline}; means need finite figures`,
      );
    }
  }
  const shared = new Set(pairs.map(({ key }) => key));
  return {
    pairs: pairs.length,
    leftOut: [...new Set([...method.keys(), ...baseline.keys()])].filter((key) => !shared.has(key)),
    ...compare(groupPairs(pairs, totalsOf, options), pooledMeans, options),
  };
}

/** Of a group's pairs; of several groups the means are those of all their pairs. */
interface Totals extends FigurePair {
  readonly pairs: number;
}

const totalsOf = (pairs: readonly FigurePair[]): Totals => ({
  pairs: pairs.length,
  method: pairs.reduce((sum, { method }) => sum + method, 0),
  baseline: pairs.reduce((sum, { baseline }) => sum + baseline, 0),
});

function pooledMeans(groups: readonly Totals[]): FigurePair {
  let [pairs, method, baseline] = [0, 0, 0];
  for (const group of groups) {
    pairs += group.pairs;
    method += group.method;
    baseline += group.baseline;
  }
  return { method: method / pairs, baseline: baseline / pairs };
}

/** A method's figure and its baseline's. */
export interface FigurePair {
  readonly method: number;
  readonly baseline: number;
}

/** What is resampled: pairs of one group together, and of each group only what `summarize` makes of it. */
export const groupPairs = <Pair extends { readonly key: string }, Group>(
  pairs: readonly Pair[],
  summarize: (pairs: readonly Pair[]) => Group,
  { groupOf }: PairedOptions,
): readonly Group[] => groupBy(pairs, ({ key }) => groupOf?.(key) ?? key).map(summarize);

/**
 * Compares a method's figure with a baseline's, both computed of the same groups of pairs, and so of each resample.
 * @throws a sentence if the figures of all groups are undefined
 */
export function compare<Group>(
  groups: readonly Group[],
  figures: (groups: readonly Group[]) => FigurePair | undefined,
  options: PairedOptions,
): Comparison {
  const resampled = resample(groups, figures, options);
  return {
    ...resampled.ofAll,
    difference: estimate(resampled, ({ method, baseline }) => method - baseline),
    relativePercent: resampled.ofAll.baseline === 0 ? undefined : estimate(resampled, relative),
  };
}

const relative = ({ method, baseline }: FigurePair): number | undefined =>
  baseline === 0 ? undefined : (100 * (method - baseline)) / Math.abs(baseline);

/** Items with the same label, in the order in which labels first occur. */
export function groupBy<Item>(items: readonly Item[], labelOf: (item: Item) => string): readonly Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const label = labelOf(item);
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}
