import { expect } from 'vitest';
import { FormatError } from '../../../src/files/formats/index.ts';

/** The sentence with which the work is refused. */
export async function refused(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => 'not refused',
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(FormatError);
  const { message } = error as FormatError;
  expect(message).not.toContain('\n');
  expect(message.length).toBeLessThan(3_000);
  return message;
}
