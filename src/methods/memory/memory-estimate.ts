/** How much memory a run is going to take at its peak, and for what. */
export interface MemoryEstimate {
  /** The task, as a sentence begins: `steer`. */
  readonly task: string;
  /** The stage that takes the most. */
  readonly stage: string;
  /** Of that stage. */
  readonly parts: readonly MemoryPart[];
  /** Their sum, in bytes. */
  readonly peak: number;
}

export interface MemoryPart {
  readonly label: string;
  readonly bytes: number;
}

export interface MemoryStage {
  readonly stage: string;
  readonly parts: readonly MemoryPart[];
}

/** The stage that takes the most. */
export function largestStage(task: string, stages: readonly MemoryStage[]): MemoryEstimate {
  const sums = stages.map(({ stage, parts }) => ({
    task,
    stage,
    parts,
    peak: parts.reduce((sum, { bytes }) => sum + bytes, 0),
  }));
  return sums.reduce((a, b) => (b.peak > a.peak ? b : a));
}

/** Another way to run the same task. */
export interface MemoryAlternative {
  /** As "…, or with LABEL" would end: `a LoRA of rank 4 beside it`. */
  readonly label: string;
  readonly estimate: MemoryEstimate;
}

/**
 * Refuses a run that will not fit.
 * @param available bytes that the run may take
 * @throws a sentence with what it needs, what there is, and which alternatives would fit
 */
export function requireMemory(
  { task, stage, peak, parts }: MemoryEstimate,
  available: number,
  alternatives: readonly MemoryAlternative[] = [],
): void {
  if (peak <= available) return;
  const largest = [...parts].sort((a, b) => b.bytes - a.bytes)[0]!;
  const fitting = alternatives
    .filter(({ estimate }) => estimate.peak <= available)
    .map(({ label, estimate }) => `with ${label} it takes about ${gibibytes(estimate.peak)}`);
  const advice =
    fitting.length > 0
      ? fitting.join('; ')
      : 'no smaller setting fits; take a smaller model or another machine';
  throw new Error(
    `${task}: ${stage} takes about ${gibibytes(peak)} (${gibibytes(largest.bytes)} for ${largest.label}), and ` +
      `${gibibytes(available)} are free; ${advice}`,
  );
}

/** `12.3 GiB` */
export const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
