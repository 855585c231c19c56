import { expect } from 'vitest';
import { type ArrayFile, FormatError, parseArrays } from '../../../src/files/formats/index.ts';

/** Reads every array of the bytes, as a careless caller would. */
export async function readEverything(bytes: Uint8Array): Promise<ArrayFile> {
  const file = await parseArrays(bytes, 'file');
  for (const array of file.arrays.values()) await array.read();
  return file;
}

/** The bytes must be refused in one sentence that begins with the file and matches. */
export async function expectRefusal(bytes: Uint8Array, message: RegExp): Promise<void> {
  const error: unknown = await readEverything(bytes).then(
    () => 'not refused',
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(FormatError);
  const { message: sentence } = error as FormatError;
  expect(sentence).toMatch(message);
  expect(sentence).toMatch(/^file: [^\n]{1,500}$/);
}
