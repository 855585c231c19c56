import type { RandomKey } from '../../engine/index.ts';
import type { NoiseSchedule } from '../../methods/diffusion/index.ts';

/** How far a judgement is. */
export interface JudgingEvent {
  readonly kind: 'judged';
  /** Scenes or pictures, of `count`. */
  readonly done: number;
  readonly count: number;
}

/** How much is judged. */
export interface JudgingOptions {
  /** Held-out scenes or prompts, the first of their set: 1 or more. Each judgement has a default of its own. */
  readonly count?: number;
  readonly signal?: AbortSignal;
}

/** How scenes are noised that are judged at a time of the schedule. */
export interface NoisedJudging extends JudgingOptions {
  readonly schedule: NoiseSchedule;
  /** Of the noises. */
  readonly key: RandomKey;
}

export const judgedEvent = (done: number, count: number): JudgingEvent => ({ kind: 'judged', done, count });
