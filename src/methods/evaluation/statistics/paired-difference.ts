import { type BootstrapOptions, bootstrap, type Estimate } from './bootstrap.ts';
import { mean } from './mean.ts';

/** Figures by what they were measured of: a concept, a source and a seed in one word. */
export type Measurements = ReadonlyMap<string, number>;

export interface PairedOptions extends BootstrapOptions {
  /**
   * Keys of one group are resampled together: figures of one concept resemble each other, and an interval that takes
   * them for independent is too narrow. Default: every key alone.
   */
  readonly groupOf?: (key: string) => string;
}

export interface PairedDifference {
  /** How many keys both have. */
  readonly pairs: number;
  /** Keys that only one of them has; they do not count. */
  readonly leftOut: readonly string[];
  readonly method: number;
  readonly baseline: number;
  /** Mean of method − baseline over equal keys. */
  readonly difference: Estimate;
  /** 100 · difference / |mean of the baseline|, as papers state gains: −7.3 is 7.3 % less. Undefined where that is 0. */
  readonly relativePercent: Estimate | undefined;
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
  const groups = groupBy(pairs, ({ key }) => options.groupOf?.(key) ?? key);
  const percent = relative(pairs);
  return {
    pairs: pairs.length,
    leftOut: [...new Set([...method.keys(), ...baseline.keys()])].filter((key) => !shared.has(key)),
    method: mean(pairs.map(({ method }) => method)),
    baseline: mean(pairs.map(({ baseline }) => baseline)),
    difference: bootstrap(groups, (resample) => difference(resample.flat()), options),
    relativePercent:
      percent === undefined ? undefined : bootstrap(groups, (resample) => relative(resample.flat()), options),
  };
}

interface Pair {
  readonly method: number;
  readonly baseline: number;
}

const difference = (pairs: readonly Pair[]): number =>
  mean(pairs.map(({ method, baseline }) => method - baseline));

function relative(pairs: readonly Pair[]): number | undefined {
  const base = Math.abs(mean(pairs.map(({ baseline }) => baseline)));
  return base === 0 ? undefined : (100 * difference(pairs)) / base;
}

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
