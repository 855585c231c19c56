/** The same bytes for the same seed (a linear congruential generator; its high byte). */
export function randomBytes(seed: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let index = 0, state = seed; index < length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
