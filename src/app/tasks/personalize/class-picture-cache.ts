import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Picture, readPicture, writePicture } from '../../../files/images/index.ts';
import type { ClassPicture } from '../../../methods/personalization/index.ts';
import { contentHash, type PlainData } from '../../benchmark/plan/content-hash.ts';
import { isThere } from '../../models/is-there.ts';
import { readPhoto } from '../../runs/read-photo.ts';
import type { PersonalizeParameters } from './parameters.ts';
import { picturesAt } from './read-references.ts';

/** Pictures of the class: those that there are, and where generated ones are kept for the next concept. */
export interface ClassPictureCache {
  readonly given: readonly ClassPicture[];
  /** Undefined where the pictures are the user's own: nothing is put beside them. */
  readonly folder: string | undefined;
  readonly keep: (index: number, picture: Picture) => Promise<void>;
}

/**
 * @param madeBy what generated pictures depend on: the model, the size, the seed
 * @param most that are wanted
 */
export async function openClassPictures(
  { classPictures, class: word, output }: PersonalizeParameters,
  madeBy: PlainData,
  most: number,
): Promise<ClassPictureCache> {
  if (classPictures !== undefined) {
    const paths = (await picturesAt(classPictures)).slice(0, most);
    const pictures = await Promise.all(paths.map((path) => readPhoto(path)));
    return {
      given: pictures.map((picture) => ({ picture })),
      folder: undefined,
      keep: async () => undefined,
    };
  }
  const name = `${word.replaceAll(/[^\p{L}\p{N}]+/gu, '-')}-${contentHash([word, madeBy]).slice(0, 12)}`;
  const folder = join(dirname(resolve(output)), 'class-pictures', name);
  const file = (index: number) => join(folder, `${String(index + 1).padStart(4, '0')}.png`);
  const given: ClassPicture[] = [];
  while (given.length < most && (await isThere(file(given.length)))) {
    given.push({ picture: await readPicture(file(given.length)) });
  }
  return {
    given,
    folder,
    async keep(index, picture) {
      await mkdir(folder, { recursive: true });
      await writePicture(file(index), picture, { existing: 'replace' });
    },
  };
}
