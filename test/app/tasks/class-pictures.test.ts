import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openClassPictures } from '../../../src/app/tasks/personalize/class-picture-cache.ts';
import { squarePicture, writePicture } from '../../../src/files/images/index.ts';
import { personalizationPreset } from '../../../src/methods/personalization/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { tinyPicture } from '../../methods/personalization/tiny-pipeline.ts';

const folder = temporaryFolder();
const { training: usual } = personalizationPreset('dreambooth', 'pocket');
const training = { ...usual, prior: { kind: 'preserve', pictures: 2, weight: 1, batchSize: 1 } } as const;
const open = (paths: readonly string[], madeBy: { readonly [name: string]: string }) =>
  openClassPictures({ class: 'cat', output: folder.path('concept'), paths }, { training, size: 16, madeBy });

test("of the user's own pictures of the class squares are kept, as many as are wanted, and their hashes", async () => {
  const paths: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    paths.push(folder.path(`${name}.png`));
    await writePicture(paths.at(-1)!, tinyPicture(name, [40, 24]));
  }
  const { given, hashes } = await open(paths, {});
  const square = await squarePicture(tinyPicture('a', [40, 24]), 16);
  expect(given.map(({ picture }) => [picture.height, picture.width])).toEqual([
    [16, 16],
    [16, 16],
  ]);
  expect(given[0]!.picture.pixels).toEqual(square.pixels);
  expect((await squarePicture(given[0]!.picture, 16)).pixels).toEqual(square.pixels);
  expect(new Set(hashes).size).toBe(2);
});

test('generated pictures of the class are found again by what made them, and nothing else', async () => {
  const cache = await open([], { model: 'one', scheduler: 'epsilon' });
  await cache.keep(0, tinyPicture('generated', [16, 16]));
  expect(await readdir(folder.path('class-pictures'))).toHaveLength(1);
  expect((await open([], { model: 'one', scheduler: 'epsilon' })).given).toHaveLength(1);
  expect((await open([], { model: 'one', scheduler: 'velocity' })).given).toEqual([]);
});
