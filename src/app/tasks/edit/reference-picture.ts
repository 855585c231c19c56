import { stat } from 'node:fs/promises';
import { confinedFolder, findInside } from '../../../files/checkpoints/index.ts';
import { type Picture, readPicture } from '../../../files/images/index.ts';

/** The name of the picture that `personalize` puts into a concept's folder to know it by. */
export const REFERENCE = 'reference.png';

/** A picture of the concept, if its folder has one. */
export async function referenceOf(path: string | undefined): Promise<Picture | undefined> {
  if (path === undefined) return undefined;
  if (!(await stat(path)).isDirectory()) return undefined;
  // A link out of the folder is not followed: it would put a picture of this machine on the sheet.
  const file = await findInside(await confinedFolder(path), REFERENCE).catch(() => undefined);
  return file === undefined ? undefined : readPicture(file);
}
