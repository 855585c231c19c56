/** Steps between two times, or whether it is time after a step. */
export type Every = number | ((step: number) => boolean);

export const isDue = (every: Every, step: number): boolean =>
  typeof every === 'function' ? every(step) : step % every === 0;
