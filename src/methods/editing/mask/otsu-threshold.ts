/**
 * The threshold that separates values into two classes with the largest variance between them (Otsu 1979, IEEE
 * Transactions on Systems, Man, and Cybernetics 9), over all splits of the values themselves: halfway between the
 * last of the lower class and the first of the upper one. Undefined if all values are equal: nothing can be separated.
 */
export function otsuThreshold(values: Float32Array): number | undefined {
  const sorted = Float64Array.from(values).sort();
  const count = sorted.length;
  const total = sorted.reduce((sum, value) => sum + value, 0);
  let best = { separation: 0, threshold: undefined as number | undefined };
  let below = 0;
  for (let split = 1; split < count; split++) {
    below += sorted[split - 1]!;
    if (sorted[split - 1] === sorted[split]) continue;
    const distance = (total - below) / (count - split) - below / split;
    const separation = split * (count - split) * distance ** 2; // between-class variance · count²
    if (separation > best.separation) {
      best = { separation, threshold: (sorted[split - 1]! + sorted[split]!) / 2 };
    }
  }
  return best.threshold;
}
