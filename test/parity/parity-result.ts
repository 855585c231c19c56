/** How one quantity compares with the reference; relative errors are to its largest absolute value. */
export interface ParityResult {
  readonly name: string;
  readonly largestAbsoluteError: number;
  readonly largestRelativeError: number;
  /** Of the relative error, or of the absolute one where the function that compares says so; 0 is exact. */
  readonly tolerance: number;
  readonly pass: boolean;
}

/** @throws if the two differ in length */
export function compareNumbers(
  name: string,
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  tolerance: number,
): ParityResult {
  if (ours.length !== theirs.length) {
    throw new Error(`${name}: ${ours.length} values, the reference has ${theirs.length}`);
  }
  let error = 0;
  let largest = 0;
  for (let i = 0; i < theirs.length; i++) {
    const difference = Math.abs(ours[i]! - theirs[i]!);
    if (!(difference <= error)) error = difference; // keeps NaN
    largest = Math.max(largest, Math.abs(theirs[i]!));
  }
  const relative = error === 0 ? 0 : error / largest;
  return {
    name,
    largestAbsoluteError: error,
    largestRelativeError: relative,
    tolerance,
    pass: relative <= tolerance,
  };
}
