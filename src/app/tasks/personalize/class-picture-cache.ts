import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Picture, readPicture, squarePicture, writePicture } from '../../../files/images/index.ts';
import type { ClassPicture, TrainingSettings } from '../../../methods/personalization/index.ts';
import { isThere } from '../../models/is-there.ts';
import { contentHash, fileHash, type PlainData } from '../../runs/content-hash.ts';
import { readPhoto } from '../../runs/read-photo.ts';
import type { PersonalizeParameters } from './parameters.ts';

/** Pictures of the class: those that there are, and where generated ones are kept for the next concept. */
export interface ClassPictureCache {
  /** As squares, which is all that is learned from. */
  readonly given: readonly ClassPicture[];
  /** SHA-256 of the user's own. */
  readonly hashes: readonly string[];
  readonly keep: (index: number, picture: Picture) => Promise<void>;
}

export interface ClassPictureOptions {
  readonly training: TrainingSettings;
  /** Side of the squares, in pixels. */
  readonly size: number;
  /** What generated pictures depend on: the model, the size, the seed, sampler and guidance. */
  readonly madeBy: PlainData;
}

/** @param parameters `paths`: of the user's own pictures, beside which nothing is put */
export async function openClassPictures(
  parameters: Pick<PersonalizeParameters, 'class' | 'output'> & { readonly paths: readonly string[] },
  { training: { prior, crop }, size, madeBy }: ClassPictureOptions,
): Promise<ClassPictureCache> {
  const { class: word, output, paths } = parameters;
  const most = prior.kind === 'preserve' ? prior.pictures : 0;
  const given: ClassPicture[] = [];
  if (paths.length > 0) {
    const hashes: string[] = [];
    for (const path of paths.slice(0, most)) {
      given.push({ picture: await squarePicture(await readPhoto(path), size, { crop }) });
      hashes.push(await fileHash(path));
    }
    return { given, hashes, keep: async () => undefined };
  }
  const name = `${word.replaceAll(/[^\p{L}\p{N}]+/gu, '-')}-${contentHash([word, madeBy]).slice(0, 12)}`;
  const folder = join(dirname(resolve(output)), 'class-pictures', name);
  const file = (index: number) => join(folder, `${String(index + 1).padStart(4, '0')}.png`);
  while (given.length < most && (await isThere(file(given.length)))) {
    given.push({ picture: await readPicture(file(given.length)) });
  }
  return {
    given,
    hashes: [],
    async keep(index, picture) {
      await mkdir(folder, { recursive: true });
      await writePicture(file(index), picture, { existing: 'replace' });
    },
  };
}
