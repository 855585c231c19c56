import { readdir } from 'node:fs/promises';
import { isThere } from '../../models/is-there.ts';
import { ParameterError } from '../task.ts';

/**
 * A concept's folder is written whole: what is there would be replaced, so it has to be an earlier concept.
 * @throws TaskError if something is there that may not be replaced
 */
export async function checkConceptFolder(output: string, existing: 'refuse' | 'replace'): Promise<void> {
  if (!(await isThere(output))) return;
  if (existing === 'refuse') {
    throw new ParameterError(
      'output',
      `${output} is there already; choose another name, or allow to replace it (--force)`,
    );
  }
  const names = await readdir(output).catch(() => undefined);
  if (names !== undefined && (names.length === 0 || names.includes('concept.json'))) return;
  throw new ParameterError(
    'output',
    `${output} is there and is no concept, so it is not replaced; choose another name`,
  );
}
