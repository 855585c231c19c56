import {
  areaBetween,
  type Curves,
  commonRange,
  compareAreas,
  compareAtEqualAbscissa,
  compareMeanCurves,
  type Estimate,
  type MetricName,
  meanCurve,
  type PairedDifference,
  type PairedOptions,
  type TradeOffCurve,
} from '../../../methods/evaluation/index.ts';
import { caseKey } from '../plan/cell.ts';
import type { CellRecord } from './collect-records.ts';

/** What is left of the source, or how near the right edit is, where two methods show as much of the concept. */
export interface EqualComparison {
  readonly figure: MetricName;
  /** Case by case, at the highest similarity that both reach there. */
  readonly paired: PairedDifference;
  /**
   * Of the mean curves, at nine tenths of the similarities that both means reach: at the very end half of the resamples
   * would not reach it. Undefined where they share none.
   */
  readonly means: { readonly similarity: number; readonly difference: Estimate } | undefined;
  /** ∫ difference over the similarities that both reach, a mean over cases; undefined where they share none. */
  readonly area: Estimate | undefined;
}

/** What is worth comparing at equal concept similarity. */
const compared: readonly MetricName[] = [
  'lpips-alex',
  'lpips-vgg',
  'pocket-perceptual-distance',
  'ssim',
  'ms-ssim',
  'background-psnr',
  'oracle-l1',
  'oracle-subject-l1',
];

/**
 * Compares cells with those of a reference over equal cases at equal concept similarity, by their whole curves over
 * editing steps: whoever edits less keeps more of the source, so figures after the last step alone prove nothing.
 */
export function compareAtEqualSimilarity(
  similarity: string,
  cells: readonly CellRecord[],
  reference: readonly CellRecord[],
  options: PairedOptions,
): readonly EqualComparison[] {
  return compared.flatMap((figure): EqualComparison[] => {
    const [ours, theirs] = [curvesOf(cells, similarity, figure), curvesOf(reference, similarity, figure)];
    const ends = new Map(
      [...ours].flatMap(([key, curve]) => {
        const other = theirs.get(key);
        const range = other === undefined ? undefined : commonRange(curve, other);
        return range === undefined ? [] : [[key, range[1]] as const];
      }),
    );
    if (ends.size === 0) return [];
    const at = (key: string) => ends.get(key) ?? Number.NaN;
    const own = (curves: Curves): Curves => new Map([...curves].filter(([key]) => ends.has(key)));
    return [
      {
        figure,
        paired: compareAtEqualAbscissa(own(ours), own(theirs), at, options),
        means: compareMeans(own(ours), own(theirs), options),
        area: shareAnArea(ours, theirs) ? compareAreas(own(ours), own(theirs), options) : undefined,
      },
    ];
  });
}

/** Curves may have no more than a point in common. */
const shareAnArea = (ours: Curves, theirs: Curves): boolean =>
  [...ours].some(([key, curve]) => {
    const other = theirs.get(key);
    return other !== undefined && areaBetween(curve, other) !== undefined;
  });

const MEANS_AT = 0.9;

function compareMeans(ours: Curves, theirs: Curves, options: PairedOptions): EqualComparison['means'] {
  const range = commonRange(meanCurve([...ours.values()]), meanCurve([...theirs.values()]));
  if (range === undefined || range[0] === range[1]) return undefined;
  const [low, high] = range;
  const similarity = low + MEANS_AT * (high - low);
  return { similarity, difference: compareMeanCurves(ours, theirs, similarity, options) };
}

function curvesOf(cells: readonly CellRecord[], x: string, y: string): Curves {
  return new Map(
    cells.flatMap((cell) => {
      const curve: TradeOffCurve = cell.steps.flatMap(({ figures }) =>
        figures[x] === undefined || figures[y] === undefined ? [] : [{ x: figures[x], y: figures[y] }],
      );
      return curve.length === 0 ? [] : [[caseKey(cell), curve] as const];
    }),
  );
}
