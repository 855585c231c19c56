import { constants } from 'node:os';

/** A signal from outside that ends a task: Ctrl-C, or a polite kill. */
export type EndingSignal = 'SIGINT' | 'SIGTERM';

/** Why a task was stopped. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor(readonly signal: EndingSignal) {
    super('Stopped before the end; what is finished stays, nothing is half-written.');
  }
}

export interface Interruption {
  readonly signal: AbortSignal;
  /** Signals do again what they do without this. */
  dispose(): void;
}

/**
 * The first signal asks the task to stop at its next step, the second ends the process at once; files appear under
 * their names only when they are whole.
 */
export function watchInterruption(tell: (message: string) => void): Interruption {
  const controller = new AbortController();
  const onSignal = (signal: EndingSignal) => {
    // The signal itself ends the process: a regular exit would tear down a thread that computes, and crash.
    if (controller.signal.aborted) return endBy(signal);
    tell('Stopping after this step; press Ctrl-C again to stop at once.');
    controller.abort(new Interrupted(signal));
  };
  const dispose = () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  const endBy = (signal: EndingSignal) => {
    dispose();
    process.kill(process.pid, signal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return { signal: controller.signal, dispose };
}

/** As shells have it: 128 and the signal's number. */
export const exitCodeOf = (signal: EndingSignal): number => 128 + constants.signals[signal];
