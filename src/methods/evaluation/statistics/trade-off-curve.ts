/** One amount of editing: what is gained of the concept, and what is left of (or lost to) the source. */
export interface TradeOffPoint {
  /** Concept similarity, or whatever grows as editing goes on. */
  readonly x: number;
  /** Source alignment, or a distance. */
  readonly y: number;
}

/** In the order of the editing steps. */
export type TradeOffCurve = readonly TradeOffPoint[];

/**
 * y at the moment when editing first reaches x, linear between steps; undefined if x lies below the first step's or is
 * never reached. Concept similarity may fall back while editing goes on: steps that do not raise it beyond what
 * earlier ones had are passed over, as nobody would edit further for less.
 * @throws a sentence if the curve has no point, or one is not finite
 */
export function valueAt(curve: TradeOffCurve, x: number): number | undefined {
  const points = advancing(curve);
  const next = points.findIndex((point) => point.x >= x);
  if (next === -1) return undefined;
  const after = points[next]!;
  if (after.x === x) return after.y;
  const before = points[next - 1];
  if (before === undefined) return undefined;
  return before.y + ((x - before.x) / (after.x - before.x)) * (after.y - before.y);
}

/** The values of x that both curves reach; undefined if there is none. */
export function commonRange(
  first: TradeOffCurve,
  second: TradeOffCurve,
): readonly [low: number, high: number] | undefined {
  const [a, b] = [advancing(first), advancing(second)];
  const low = Math.max(a[0]!.x, b[0]!.x);
  const high = Math.min(a.at(-1)!.x, b.at(-1)!.x);
  return low <= high ? [low, high] : undefined;
}

/**
 * ∫ first(x) − second(x) dx over the x that both reach, curves as `valueAt` reads them; undefined where they share no
 * more than a point. Divided by the length of the range, which `commonRange` gives, it is the mean distance.
 */
export function areaBetween(first: TradeOffCurve, second: TradeOffCurve): number | undefined {
  const range = commonRange(first, second);
  if (range === undefined || range[0] === range[1]) return undefined;
  const [low, high] = range;
  const inside = [...advancing(first), ...advancing(second)]
    .map(({ x }) => x)
    .filter((x) => x > low && x < high);
  const bends = [low, ...inside.sort((a, b) => a - b), high];
  const gap = (x: number) => valueAt(first, x)! - valueAt(second, x)!;
  let area = 0;
  for (let i = 1; i < bends.length; i++) {
    const [left, right] = [bends[i - 1]!, bends[i]!];
    area += ((gap(left) + gap(right)) / 2) * (right - left);
  }
  return area;
}

/**
 * The mean of curves step by step: mean x and mean y of the first steps, of the second, …
 * @param counts how many curves each stands for; default: itself
 */
export function meanCurve(
  curves: readonly TradeOffCurve[],
  counts: readonly number[] = curves.map(() => 1),
): TradeOffCurve {
  const [first] = curves;
  if (first === undefined) throw new Error('meanCurve: there are no curves; measure some first');
  const odd = curves.find(({ length }) => length !== first.length);
  if (odd !== undefined) {
    throw new Error(
      `meanCurve: curves have as many steps each, got ${first.length} and ${odd.length}; measure them at equal steps`,
    );
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  return first.map((_, step) => {
    let [x, y] = [0, 0];
    for (const [place, curve] of curves.entries()) {
      x += counts[place]! * curve[step]!.x;
      y += counts[place]! * curve[step]!.y;
    }
    return { x: x / total, y: y / total };
  });
}

/** The points that reach further in x than all before them. */
function advancing(curve: TradeOffCurve): TradeOffCurve {
  if (curve.length === 0) throw new Error('a trade-off curve has at least one point, got none');
  const odd = curve.find(({ x, y }) => !(Number.isFinite(x) && Number.isFinite(y)));
  if (odd !== undefined) throw new Error(`a trade-off curve has finite points, got (${odd.x}, ${odd.y})`);
  let furthest = Number.NEGATIVE_INFINITY;
  return curve.filter(({ x }) => {
    const advances = x > furthest;
    if (advances) furthest = x;
    return advances;
  });
}
