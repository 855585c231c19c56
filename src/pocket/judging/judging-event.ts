/** How far a judgement is. */
export interface JudgingEvent {
  readonly kind: 'judged';
  /** Scenes or pictures, of `count`. */
  readonly done: number;
  readonly count: number;
}

/** How much is judged. */
export interface JudgingOptions {
  /** Held-out scenes or prompts, the first of their set. */
  readonly count?: number;
  readonly signal?: AbortSignal;
}

export const judged = (done: number, count: number): JudgingEvent => ({ kind: 'judged', done, count });

/** 0, …, count − 1 in parts of at most `size`. */
export const batchesOf = (count: number, size: number): number[][] =>
  Array.from({ length: Math.ceil(count / size) }, (_, batch) =>
    Array.from({ length: Math.min(size, count - batch * size) }, (_, item) => batch * size + item),
  );

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
