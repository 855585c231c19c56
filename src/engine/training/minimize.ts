import type { NdArray, Tree } from '../arrays/index.ts';
import type { TensorSpec } from '../graph/index.ts';
import type { Device, StateLeaf } from '../runtime/index.ts';
import { createMinimizer, type Problem, type StepReport, type TrainingState } from './minimizer.ts';

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
  /** Where to go on. Default: from the start. */
  readonly resumeFrom?: TrainingState;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

export interface StepEvent extends StepReport {
  readonly kind: 'step';
  /** The whole state after this step, for a checkpoint. Call it before the next step is asked for. */
  readonly save: () => Promise<TrainingState>;
  /** The variables on the device, for programs that try them out: see `Device.combine`. */
  readonly references: () => Tree<StateLeaf>;
}

export interface Minimized<Variables> {
  readonly variables: Variables;
  /** The moving averages, if they were kept. */
  readonly averages: Variables | undefined;
  readonly state: TrainingState;
}

/**
 * Minimizes a function over a tree of variables: yields an event after every step and returns what it found.
 * @throws what `createMinimizer` and `Minimizer.advance` throw, and the signal's reason when it is aborted
 */
export async function* minimize<Variables extends Tree<NdArray>, Batch extends Tree<TensorSpec>>(
  device: Device,
  problem: Problem<Variables, Batch>,
  { steps, batch, resumeFrom, signal }: MinimizeRun,
): AsyncGenerator<StepEvent, Minimized<Variables>> {
  if (!(Number.isSafeInteger(steps) && steps >= 1)) {
    throw new Error(`minimize: the number of steps is a whole number ≥ 1, got ${steps}`);
  }
  const minimizer = await createMinimizer(device, problem);
  try {
    if (resumeFrom !== undefined) await minimizer.restore(resumeFrom);
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
        references,
      };
    }
    return {
      variables: await minimizer.variables(),
      averages: problem.averageDecay === undefined ? undefined : await minimizer.averages(),
      state: await minimizer.save(),
    };
  } finally {
    await minimizer.dispose();
  }
}
