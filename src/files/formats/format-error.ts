/**
 * A file that is not what it should be. The message is one sentence: where (file, tensor), what was expected,
 * what was found, what to do. Everything under `formats` throws this and nothing else about a file.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** Runs `work`; a FormatError that leaves it says where: "model.safetensors: tensor "a": …". */
export async function locate<T>(where: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw located(where, error);
  }
}

/** The error with its place in front; anything but a FormatError is returned as it is. */
export const located = (where: string, error: unknown): unknown =>
  error instanceof FormatError
    ? new FormatError(`${where}: ${error.message}`, { cause: error.cause })
    : error;

/** A message stays a sentence even where a file's own names are megabytes long. */
const LONGEST_QUOTE = 120;

/** A name out of a file as messages show it: quoted, escaped, shortened. */
export const quote = (text: string): string =>
  JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text);
