import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { beginDemo } from '../../../src/app/tasks/demo/demo-folder.ts';
import { SIDE } from '../../../src/app/tasks/demo/draw-case.ts';
import { pocketConfigs } from '../../../src/pocket/training/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';

const folder = temporaryFolder();
const request = { case: 'cat-1/cat-01', method: 'lora', steps: 'usual', fast: false };
const begin = (output: string, how: 'resume' | 'force' | 'begin' = 'begin', own: object = {}) =>
  beginDemo(
    { output: folder.path(output), resume: how === 'resume', force: how === 'force' },
    { ...request, ...own },
  );

test('the demo draws pictures as large as those that the built-in model was trained with', () => {
  expect(SIDE).toBe(pocketConfigs.vae.sample_size);
});

test('a demo begins in an empty folder, goes on where it was broken off, and begins anew where that is asked for', async () => {
  await begin('new');
  expect(JSON.parse(await readFile(folder.path('new/demo.json'), 'utf8'))).toEqual(request);
  await mkdir(folder.path('new/concept'));
  await expect(begin('new')).rejects.toThrow(
    /new is there already and not empty; go on with the demo .*\(--resume\), begin it anew \(--force\)/,
  );
  await begin('new', 'resume');
  expect(await readdir(folder.path('new'))).toEqual(['concept', 'demo.json']);
  await expect(begin('new', 'resume', { method: 'dreambooth' })).rejects.toThrow(
    /demo\.json: the demo there has method "lora", and now it is "dreambooth"; go on with the same, or begin anew/,
  );
  await begin('new', 'force', { method: 'dreambooth' });
  expect(await readdir(folder.path('new'))).toEqual(['demo.json']);
});

test.each(['begin', 'resume', 'force'] as const)(
  'a demo touches no folder of anything else: %s',
  async (how) => {
    await mkdir(folder.path(how));
    await writeFile(folder.path(`${how}/mine.txt`), 'mine');
    await expect(begin(how, how)).rejects.toThrow(/choose another folder$/);
    expect(await readdir(folder.path(how))).toEqual(['mine.txt']);
    await writeFile(folder.path('file'), '');
    await expect(begin('file', how)).rejects.toThrow(/is a file, not a folder; choose another name$/);
  },
);
