import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Picture, readPicture } from '../../../files/images/index.ts';
import { isThere } from '../../models/is-there.ts';

/** The name of the picture that `personalize` puts into a concept's folder to know it by. */
export const REFERENCE = 'reference.png';

/** A picture of the concept, if its folder has one. */
export async function referenceOf(path: string | undefined): Promise<Picture | undefined> {
  if (path === undefined) return undefined;
  const file = join(path, REFERENCE);
  if (!(await stat(path)).isDirectory() || !(await isThere(file))) return undefined;
  return readPicture(file);
}
