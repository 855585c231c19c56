/** @throws a sentence if there is nothing to average */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new Error('mean: there are no values; measure something first');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** With Bessel's correction; 0 for a single value. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return values.length === 1 ? 0 : Math.sqrt(squares / (values.length - 1));
}
