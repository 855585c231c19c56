import { join } from 'node:path';
import { isThere } from '../../models/is-there.ts';
import { maskPathOf, pictureNames } from '../../runs/picture-names.ts';

/** A reference picture with its mask, if there is one beside it. */
export interface ReferenceFile {
  readonly picture: string;
  readonly mask: string | undefined;
}

export async function referenceFiles(folder: string): Promise<readonly ReferenceFile[]> {
  const names = await pictureNames(folder);
  return Promise.all(
    names.map(async (name) => {
      const picture = join(folder, name);
      const mask = maskPathOf(picture);
      return { picture, mask: (await isThere(mask)) ? mask : undefined };
    }),
  );
}
