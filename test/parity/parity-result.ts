/** How one quantity compares with the reference; relative errors are to its largest absolute value. */
export interface ParityResult {
  readonly name: string;
  readonly largestAbsoluteError: number;
  readonly largestRelativeError: number;
  /** Of the relative error, or of the absolute one where the function that compares says so; 0 is exact. */
  readonly tolerance: number;
  readonly pass: boolean;
}

/**
 * @param scale what the error is relative to. Default: the largest absolute value of the reference
 * @throws if the two differ in length
 */
export function compareNumbers(
  name: string,
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  tolerance: number,
  scale = largestAbsolute(theirs),
): ParityResult {
  if (ours.length !== theirs.length) {
    throw new Error(`${name}: ${ours.length} values, the reference has ${theirs.length}`);
  }
  let error = 0;
  for (let i = 0; i < theirs.length; i++) {
    error = Math.max(error, Math.abs(ours[i]! - theirs[i]!)); // NaN stays NaN
  }
  const relative = error === 0 ? 0 : error / scale;
  return {
    name,
    largestAbsoluteError: error,
    largestRelativeError: relative,
    tolerance,
    pass: relative <= tolerance,
  };
}

export function largestAbsolute(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}
