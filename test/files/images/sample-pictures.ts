import sharp, { type Sharp } from 'sharp';
import { expect } from 'vitest';
import { FormatError } from '../../../src/files/formats/format-error.ts';

/** Pixels that differ everywhere: a mistake in order, channel or place shows. */
export function distinctPixels(height: number, width: number, channels = 3): Uint8Array {
  return Uint8Array.from({ length: height * width * channels }, (_, index) => (index * 37 + 11) % 256);
}

/** sharp over raw samples, ready to be encoded. */
export function rawImage(samples: Uint8Array | Uint16Array, width: number, height: number): Sharp {
  const channels = (samples.length / (width * height)) as 1 | 2 | 3 | 4;
  return sharp(samples, { raw: { width, height, channels } });
}

/** Pixels that compress badly, so that a file can be cut in its middle. */
export const noise = (height: number, width: number): Uint8Array => {
  let state = 1;
  return Uint8Array.from({ length: height * width * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
};

/** The work must end in one sentence that begins with the name and matches. */
export async function expectSentence(work: Promise<unknown>, name: string, message: RegExp): Promise<void> {
  const error: unknown = await work.then(
    () => 'not refused',
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(FormatError);
  const sentence = (error as FormatError).message;
  expect(sentence).toMatch(message);
  expect(sentence.startsWith(`${name}: `), sentence).toBe(true);
  expect(sentence.slice(name.length + 2)).toMatch(/^[^\n]{1,400}$/);
  expect(sentence.slice(name.length)).not.toContain(name);
}
