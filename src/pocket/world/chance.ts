import { fold, type RandomKey, uniform } from '../../engine/arrays/index.ts';

/** Draws one after the other from a key: for drawings and generators that need many small decisions. */
export interface Chance {
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** True with this probability. */
  happens(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** A whole number that serves as the seed of something else. */
  seed(): number;
}

const blockSize = 32;

export function chanceFrom(key: RandomKey): Chance {
  let drawn = 0;
  let block: Float32Array = new Float32Array(0);
  const next = (): number => {
    const place = drawn % blockSize;
    if (place === 0) block = uniform(fold(key, drawn), [blockSize]).data;
    drawn++;
    return block[place]!;
  };
  const between = (low: number, high: number) => low + (high - low) * next();
  return {
    between,
    happens: (probability) => next() < probability,
    pick: (choices) => choices[Math.floor(next() * choices.length)]!,
    seed: () => Math.floor(next() * 2 ** 24),
  };
}
