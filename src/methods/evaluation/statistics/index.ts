export {
  type BootstrapOptions,
  bootstrap,
  type Estimate,
  FEWEST_ITEMS,
  type Interval,
  quantile,
  widening,
} from './bootstrap.ts';
export {
  type Abscissa,
  type Curves,
  compareAreas,
  compareAtEqualAbscissa,
  compareMeanCurves,
} from './compare-curves.ts';
export { mean, standardDeviation } from './mean.ts';
export {
  type Comparison,
  groupBy,
  type Measurements,
  type PairedDifference,
  type PairedOptions,
  pairedDifference,
} from './paired-difference.ts';
export {
  areaBetween,
  commonRange,
  meanCurve,
  type TradeOffCurve,
  type TradeOffPoint,
  valueAt,
} from './trade-off-curve.ts';
