import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Reference } from '../../../methods/personalization/index.ts';
import { fileHash } from '../../runs/content-hash.ts';
import { pictureNames } from '../../runs/picture-names.ts';
import { readPhoto } from '../../runs/read-photo.ts';
import { TaskError } from '../task.ts';
import type { PersonalizeParameters } from './parameters.ts';

export interface References {
  readonly references: readonly Reference[];
  /** SHA-256 of each file, captions' too. */
  readonly hashes: readonly string[];
}

/** The pictures that are learned from. @throws a sentence about the first that is none */
export async function readReferences({ pictures, captions }: PersonalizeParameters): Promise<References> {
  const references: Reference[] = [];
  const hashes: string[] = [];
  for (const path of (await Promise.all(pictures.map(picturesAt))).flat()) {
    const picture = await readPhoto(path);
    hashes.push(await fileHash(path));
    if (!captions) {
      references.push({ picture });
      continue;
    }
    const file = `${path.slice(0, -extname(path).length)}.txt`;
    const caption = await readFile(file, 'utf8').catch((cause) => {
      throw new TaskError(`${file}: cannot be read (${cause.code}); write the caption of the picture there`, {
        cause,
      });
    });
    hashes.push(await fileHash(file));
    references.push({ picture, caption: caption.trim() });
  }
  return { references, hashes };
}

/** A picture, or all pictures of a folder in the order of their names, without masks that lie beside them. */
export async function picturesAt(path: string): Promise<readonly string[]> {
  const isFolder = await stat(path).then(
    (status) => status.isDirectory(),
    () => false, // reading it will say what is wrong
  );
  if (!isFolder) return [path];
  const names = await pictureNames(path);
  if (names.length > 0) return names.map((name) => join(path, name));
  throw new TaskError(`${path}: there is no picture in this folder (PNG, JPEG, WebP, TIFF, GIF, AVIF)`);
}
