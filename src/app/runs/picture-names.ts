import { readdir } from 'node:fs/promises';
import { extname } from 'node:path';

const endings = ['.png', '.jpg', '.jpeg', '.webp', '.tif', '.tiff', '.gif', '.avif'];

const MASK = '.mask.png';

/** Names of the pictures in a folder, sorted; masks and hidden files are left out. A folder that is not there has none. */
export async function pictureNames(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('.') && !name.endsWith(MASK) && isPictureName(name))
    .sort();
}

const isPictureName = (name: string): boolean => endings.includes(extname(name).toLowerCase());

/** Where the mask of a picture lies if it has one. */
export const maskPathOf = (picture: string): string =>
  `${picture.slice(0, picture.length - extname(picture).length)}${MASK}`;
