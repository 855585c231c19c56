/** How long each part of a run took, in seconds. */
export interface Stopwatch {
  /** What is done from now on; a part that comes again is added up. */
  readonly start: (part: string) => void;
  readonly seconds: () => { readonly [part: string]: number };
}

export function startStopwatch(now: () => number = () => performance.now()): Stopwatch {
  const sums = new Map<string, number>();
  let current: { readonly part: string; readonly since: number } | undefined;
  const stop = () => {
    if (current === undefined) return;
    sums.set(current.part, (sums.get(current.part) ?? 0) + now() - current.since);
  };
  return {
    start(part) {
      stop();
      current = { part, since: now() };
    },
    seconds() {
      const until = now();
      const parts = new Map(sums);
      if (current !== undefined) {
        parts.set(current.part, (parts.get(current.part) ?? 0) + until - current.since);
      }
      return Object.fromEntries([...parts].map(([part, time]) => [part, Math.round(time) / 1000]));
    },
  };
}
