import {
  type Comparison,
  type Curves,
  commonRange,
  compareAreas,
  compareAtEqualAbscissa,
  compareMeanCurves,
  type Estimate,
  type MetricName,
  mean,
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
  /** Of the mean curves over all cases that both have. Undefined where one mean does not rise, or they share no range. */
  readonly means: AtSimilarity<Comparison> | undefined;
  /** Case by case over those cases whose curves share a range; the similarity is their mean. Undefined where none does. */
  readonly paired: AtSimilarity<PairedDifference> | undefined;
  /** Cases whose curves share no more than a point, as where a method's similarity never rises. */
  readonly unmatched: number;
  /** ∫ difference over the similarities that both reach, a mean over the cases that share a range. */
  readonly area: Estimate | undefined;
}

export type AtSimilarity<C extends Comparison> = C & { readonly similarity: number };

/**
 * Where in the common range curves are compared, from its lower end. Not at its upper one: that is where the shorter or
 * noisier curve has its best step by luck, and half of the resamples of a mean would not reach it.
 */
const MATCHED_AT = 0.9;

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
    const ours = curvesOf(cells, similarity, figure);
    const theirs = curvesOf(reference, similarity, figure);
    const shared = [...ours.keys()].filter((key) => theirs.has(key));
    if (shared.length === 0) return [];
    const matches = new Map(
      shared.flatMap((key) => {
        const similarity = matchedSimilarity(ours.get(key)!, theirs.get(key)!);
        return similarity === undefined ? [] : [[key, similarity] as const];
      }),
    );
    const unmatched = shared.length - matches.size;
    const means = compareMeans(only(ours, shared), only(theirs, shared), options);
    if (matches.size === 0) return [{ figure, means, paired: undefined, unmatched, area: undefined }];
    const [own, other] = [only(ours, matches.keys()), only(theirs, matches.keys())];
    const paired = {
      ...compareAtEqualAbscissa(own, other, (key) => matches.get(key)!, options),
      similarity: mean([...matches.values()]),
    };
    return [{ figure, means, paired, unmatched, area: compareAreas(own, other, options) }];
  });
}

/** Undefined where the curves share no more than a point. */
function matchedSimilarity(first: TradeOffCurve, second: TradeOffCurve): number | undefined {
  const range = commonRange(first, second);
  if (range === undefined || range[0] === range[1]) return undefined;
  const [low, high] = range;
  return low + MATCHED_AT * (high - low);
}

function compareMeans(ours: Curves, theirs: Curves, options: PairedOptions): EqualComparison['means'] {
  const similarity = matchedSimilarity(meanCurve([...ours.values()]), meanCurve([...theirs.values()]));
  if (similarity === undefined) return undefined;
  return { ...compareMeanCurves(ours, theirs, similarity, options), similarity };
}

const only = (curves: Curves, keys: Iterable<string>): Curves =>
  new Map(Array.from(keys, (key) => [key, curves.get(key)!]));

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
