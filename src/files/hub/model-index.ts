import { readFile, stat } from 'node:fs/promises';
import { parseStrictJson } from '../formats/strict-json.ts';
import { HubError } from './hub-error.ts';
import { MODEL_INDEX } from './pipeline-files.ts';

/** A list of a dozen parts takes a kilobyte. */
const LARGEST_MODEL_INDEX = 2 ** 20;
const DEEPEST_MODEL_INDEX = 16;

/** @throws {HubError} without the repository's name */
export async function readModelIndex(path: string): Promise<unknown> {
  const { size } = await stat(path);
  if (size > LARGEST_MODEL_INDEX) {
    throw new HubError(
      `has a ${MODEL_INDEX} of ${size} bytes, more than the ${LARGEST_MODEL_INDEX} that are read`,
    );
  }
  try {
    return parseStrictJson(await readFile(path), DEEPEST_MODEL_INDEX);
  } catch (cause) {
    throw new HubError(`has a ${MODEL_INDEX} that cannot be read: ${(cause as Error).message}`, { cause });
  }
}
