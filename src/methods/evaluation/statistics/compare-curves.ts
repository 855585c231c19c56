import { bootstrap, type Estimate } from './bootstrap.ts';
import { mean } from './mean.ts';
import {
  type Comparison,
  compare,
  type FigurePair,
  groupPairs,
  type PairedDifference,
  type PairedOptions,
  pairedDifference,
} from './paired-difference.ts';
import { areaBetween, meanCurve, type TradeOffCurve, valueAt } from './trade-off-curve.ts';

/** Curves by what they were measured of: a concept, a source and a seed in one word. */
export type Curves = ReadonlyMap<string, TradeOffCurve>;

/** At which x two curves are compared: one for all pairs, or one a pair, such as a share of the range that both reach. */
export type Abscissa = number | ((key: string) => number);

/**
 * The paired difference of y at equal x, pair by pair: at equal concept similarity, how much better is the source kept?
 * Pairs of which a curve does not reach x are left out and named; if they are many, what is left is a selection, and
 * `compareMeanCurves` is the fairer figure.
 * @throws a sentence if no pair is left
 */
export function compareAtEqualAbscissa(
  method: Curves,
  baseline: Curves,
  at: Abscissa,
  options: PairedOptions,
): PairedDifference {
  const values = (curves: Curves) =>
    new Map(
      [...curves].flatMap(([key, curve]) => {
        const y = valueAt(curve, typeof at === 'number' ? at : at(key));
        return y === undefined ? [] : [[key, y] as const];
      }),
    );
  const [ours, theirs] = [values(method), values(baseline)];
  const compared = pairedDifference(ours, theirs, options);
  const lost = [...method.keys(), ...baseline.keys()].filter((key) => !(ours.has(key) && theirs.has(key)));
  return { ...compared, leftOut: [...new Set(lost)] };
}

/**
 * The difference of two mean curves at one x: every pair counts, also one that does not reach x itself. Pairs are
 * resampled, and both means made of the same ones; resamples whose means do not reach x are left out of the interval.
 * @throws a sentence if no key is in both, or one of the means does not reach x
 */
export function compareMeanCurves(
  method: Curves,
  baseline: Curves,
  x: number,
  options: PairedOptions,
): Comparison {
  const figures = (some: readonly MeanCurves[]): FigurePair | undefined => {
    const counts = some.map(({ count }) => count);
    const [ours, theirs] = (['method', 'baseline'] as const).map((name) =>
      valueAt(
        meanCurve(
          some.map((group) => group[name]),
          counts,
        ),
        x,
      ),
    );
    return ours === undefined || theirs === undefined ? undefined : { method: ours, baseline: theirs };
  };
  const groups = groupPairs(pairCurves('compareMeanCurves', method, baseline), meanCurves, options);
  if (figures(groups) === undefined) {
    throw new Error(
      `compareMeanCurves: one of the mean curves does not reach ${x}; choose an x that both reach`,
    );
  }
  return compare(groups, figures, options);
}

/** Of so many pairs. */
interface MeanCurves {
  readonly count: number;
  readonly method: TradeOffCurve;
  readonly baseline: TradeOffCurve;
}

const meanCurves = (pairs: readonly CurvePair[]): MeanCurves => ({
  count: pairs.length,
  method: meanCurve(pairs.map(({ method }) => method)),
  baseline: meanCurve(pairs.map(({ baseline }) => baseline)),
});

/**
 * The mean over pairs of the area between their curves (see `areaBetween`): the whole trade-off in one figure. Pairs
 * whose curves have no x in common are left out.
 * @throws a sentence if no pair is left
 */
export function compareAreas(method: Curves, baseline: Curves, options: PairedOptions): Estimate {
  const pairs = pairCurves('compareAreas', method, baseline).flatMap(({ key, method, baseline }) => {
    const area = areaBetween(method, baseline);
    return area === undefined ? [] : [{ key, area }];
  });
  if (pairs.length === 0) {
    throw new Error('compareAreas: no two curves of a pair share a range; measure more editing steps');
  }
  const groups = groupPairs(pairs, (own) => own.map(({ area }) => area), options);
  return bootstrap(groups, (some) => mean(some.flat()), options);
}

interface CurvePair {
  readonly key: string;
  readonly method: TradeOffCurve;
  readonly baseline: TradeOffCurve;
}

function pairCurves(where: string, method: Curves, baseline: Curves): readonly CurvePair[] {
  const pairs = [...method].flatMap(([key, curve]) => {
    const other = baseline.get(key);
    return other === undefined ? [] : [{ key, method: curve, baseline: other }];
  });
  if (pairs.length > 0) return pairs;
  throw new Error(
    `${where}: none of the ${method.size} and ${baseline.size} keys is in both; measure the same cases`,
  );
}
