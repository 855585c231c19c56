import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { moveResult } from '../../../src/app/runs/move-result.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';

const folder = temporaryFolder();

async function made(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = folder.path(name);
  await mkdir(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(`${path}/${file}`, text);
  return path;
}

test('a result moves into a folder that is made, or was empty', async () => {
  const output = folder.path('deep/out');
  await moveResult(await made('a', { 'edit.png': 'edit', 'run.json': '{}' }), output, 'refuse');
  expect((await readdir(output)).sort()).toEqual(['edit.png', 'run.json']);
  expect(await readdir(folder.path('a'))).toEqual([]);
});

test('what is there is replaced where that is allowed, and all else stays', async () => {
  const output = await made('other', { 'edit.png': 'old', 'note.txt': 'mine' });
  await moveResult(await made('b', { 'edit.png': 'new' }), output, 'replace');
  expect(await readFile(`${output}/edit.png`, 'utf8')).toBe('new');
  expect(await readFile(`${output}/note.txt`, 'utf8')).toBe('mine');
});

test('else nothing moves', async () => {
  const output = await made('third', { 'run.json': 'old' });
  const result = await made('c', { 'edit.png': 'new', 'run.json': 'new' });
  await expect(moveResult(result, output, 'refuse')).rejects.toThrow(
    /run\.json: has come there meanwhile; move it away and go on with --resume/,
  );
  expect(await readdir(output)).toEqual(['run.json']);
  expect(await readFile(`${output}/run.json`, 'utf8')).toBe('old');
  expect((await readdir(result)).sort()).toEqual(['edit.png', 'run.json']);
});

test('a folder that cannot be made is named in a sentence', async () => {
  const file = await made('d', { file: 'no folder' });
  await expect(moveResult(await made('e', { a: '' }), `${file}/file/out`, 'refuse')).rejects.toThrow(
    /file\/out: cannot be written \(ENOTDIR\); check the folder and the permissions/,
  );
});
