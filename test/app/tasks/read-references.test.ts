import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { picturesAt } from '../../../src/app/tasks/personalize/read-references.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';

const folder = temporaryFolder();

test('of a folder its pictures are learned from, not the masks and captions beside them', async () => {
  for (const name of ['02.JPG', '01.png', '01.mask.png', '01.txt', '.hidden.png']) {
    await writeFile(folder.path(name), '');
  }
  expect(await picturesAt(folder.path(''))).toEqual([folder.path('01.png'), folder.path('02.JPG')]);
  expect(await picturesAt(folder.path('01.mask.png'))).toEqual([folder.path('01.mask.png')]);
});

test('a folder without pictures is refused', async () => {
  await expect(picturesAt(import.meta.dirname)).rejects.toThrow(/there is no picture in this folder/);
});
