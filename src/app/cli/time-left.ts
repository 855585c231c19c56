/** How far something was at a moment, in milliseconds. */
interface Mark {
  readonly time: number;
  readonly done: number;
}

/** So many of the last marks decide: a machine may get slower on the way. */
const MOST_MARKS = 30;

/**
 * Learns from how long the first steps took how long the rest will take. The first mark counts as the start: what is
 * done by then took no time here.
 */
export function timeLeft(total: number): (mark: Mark) => number | undefined {
  const marks: Mark[] = [];
  return (mark) => {
    marks.push(mark);
    if (marks.length > MOST_MARKS) marks.shift();
    const [first] = marks;
    const progressed = mark.done - first!.done;
    if (progressed <= 0) return undefined;
    return ((mark.time - first!.time) / progressed) * (total - mark.done);
  };
}
