import type { NdArray, Tree } from '../arrays/index.ts';
import type { TensorSpec } from '../graph/index.ts';
import type { Device, LazySource, Source, StateLeaf } from '../runtime/index.ts';
import { createMinimizer, type Minimizer, type StepReport, type TrainingState } from './minimizer.ts';
import type { Problem } from './problem.ts';

/** How long to go on, and with what. */
export interface MinimizeRun {
  /** Steps in all, those before a resumption included. */
  readonly steps: number;
  /**
   * The batch for a step (counted from 0); with several batches a step also their number. It must depend on
   * these alone if a resumed run is to equal one that never stopped: draw random numbers from `fold(key, step)`; and
   * on the variables before the step, for losses whose targets the variables make themselves.
   */
  readonly batch: (
    step: number,
    part: number,
    variables: () => Tree<StateLeaf>,
  ) => Tree<NdArray> | Promise<Tree<NdArray>>;
  /** Where to go on: a `TrainingState`, or sources of one, which are read once. Default: from the start. */
  readonly resumeFrom?: Tree<Source>;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

export interface StepEvent extends StepReport {
  readonly kind: 'step';
  /** The whole state after this step, for a checkpoint. Call it before the next step is asked for. */
  readonly save: () => Promise<TrainingState>;
  /** The same to be read leaf by leaf, so that gigabytes are never held twice. Also before the next step. */
  readonly sources: () => Tree<LazySource>;
  /** The variables on the device, for programs that try them out: see `Device.combine`. */
  readonly references: () => Tree<StateLeaf>;
}

/**
 * What a minimization has come to. It is still on the device, so that as much of it is copied as is wanted; it is the
 * caller's to dispose of.
 */
export type Minimized<Variables extends Tree<Source>> = Pick<
  Minimizer<Variables>,
  'variables' | 'averages' | 'references' | 'save' | 'sources' | 'dispose'
>;

/**
 * Minimizes a function over a tree of variables: yields an event after every step and returns what it found. Stopped
 * earlier, by an error, the signal or `return`, it frees what it held.
 * @throws what `createMinimizer` and `Minimizer.advance` throw, and the signal's reason when it is aborted
 */
export async function* minimize<Variables extends Tree<Source>, Batch extends Tree<TensorSpec>>(
  device: Device,
  problem: Problem<Variables, Batch>,
  { steps, batch, resumeFrom, signal }: MinimizeRun,
): AsyncGenerator<StepEvent, Minimized<Variables>> {
  if (!(Number.isSafeInteger(steps) && steps >= 1)) {
    throw new Error(`minimize: the number of steps is a whole number ≥ 1, got ${steps}`);
  }
  const minimizer = await createMinimizer(device, problem, resumeFrom);
  let end: 'early' | 'complete' = 'early';
  try {
    const references = () => minimizer.references() as Tree<StateLeaf>;
    while (minimizer.step < steps) {
      signal?.throwIfAborted();
      const parts = Array.from({ length: problem.batchesPerStep ?? 1 }, (_, part) =>
        batch(minimizer.step, part, references),
      );
      const report = await minimizer.advance(...(await Promise.all(parts)));
      yield {
        kind: 'step',
        ...report,
        save: () => minimizer.save(),
        sources: () => minimizer.sources(),
        references,
      };
    }
    end = 'complete';
    return minimizer;
  } finally {
    if (end === 'early') await minimizer.dispose();
  }
}
