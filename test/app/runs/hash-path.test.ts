import { mkdir, symlink } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { hashPath } from '../../../src/app/runs/hash-path.ts';
import { referenceOf } from '../../../src/app/tasks/edit/reference-picture.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';

const folder = temporaryFolder();

test('the hash of a folder is that of its files, and nothing that its links lead out to', async () => {
  await mkdir(folder.path('concept/words'), { recursive: true });
  await folder.put('concept/words/a.bin', 'a');
  const plain = await hashPath(folder.path('concept'));
  const secret = await folder.put('secret', 'one');
  await symlink(secret, folder.path('concept/secret'));
  await symlink(folder.path('nowhere'), folder.path('concept/nowhere'));
  expect(await hashPath(folder.path('concept'))).toBe(plain);
  await symlink(folder.path('concept/words/a.bin'), folder.path('concept/b.bin'));
  expect(await hashPath(folder.path('concept'))).not.toBe(plain);
});

test('a reference picture that is a link out of its concept is not shown', async () => {
  await mkdir(folder.path('linked'));
  await symlink(await folder.put('private.png', 'a picture'), folder.path('linked/reference.png'));
  expect(await referenceOf(folder.path('linked'))).toBeUndefined();
});
