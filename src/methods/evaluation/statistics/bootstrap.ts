import { fold, integers, type RandomKey } from '../../../engine/index.ts';

export interface BootstrapOptions {
  /** Decides the resamples: the same key gives the same interval. */
  readonly key: RandomKey;
  /** Default 2,000: the ends of a 95 % interval then stand on 50 values each. */
  readonly resamples?: number;
  /** Share of the resamples that lies inside. Default 0.95. */
  readonly confidence?: number;
}

/** An estimate and the interval around it. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * A percentile bootstrap interval (Efron 1979, Annals of Statistics 7; Efron, Tibshirani 1993, chapter 13): items are
 * drawn with replacement, as many as there are, the statistic is computed of each resample, and the interval reaches
 * between quantiles of what comes out. A statistic that a resample does not have (undefined) is left out of them.
 * @throws a sentence if there are no items, the statistic of all of them is undefined, or an option is out of range
 */
export function bootstrap<Item>(
  items: readonly Item[],
  statistic: (items: readonly Item[]) => number | undefined,
  { key, resamples = 2_000, confidence = 0.95 }: BootstrapOptions,
): Estimate {
  if (items.length === 0) throw new Error('bootstrap: there is nothing to resample; measure something first');
  if (!(Number.isInteger(resamples) && resamples >= 1)) {
    throw new Error(`bootstrap: resamples is a whole number ≥ 1, got ${resamples}`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new Error(`bootstrap: confidence is a share between 0 and 1, got ${confidence}`);
  }
  const value = statistic(items);
  if (value === undefined) throw new Error('bootstrap: the statistic of all items is undefined');
  const drawn = Array.from({ length: resamples }, (_, resample) => {
    const { data } = integers(fold(key, resample), [items.length], 0, items.length);
    return statistic(Array.from(data, (index) => items[index]!));
  });
  const known = drawn.filter((each) => each !== undefined).sort((a, b) => a - b);
  const tail = (1 - confidence) / 2;
  return { value, low: quantile(known, tail), high: quantile(known, 1 - tail) };
}

/**
 * The value below which a share of a sample lies, linear between neighbours (Hyndman, Fan 1996, definition 7, which is
 * NumPy's).
 * @param sorted in ascending order, not empty
 */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) throw new Error('quantile: an empty sample has none');
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (place - below) * (high - low);
}
