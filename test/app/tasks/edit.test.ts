import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readPicture } from '../../../src/files/images/index.ts';
import { completeTask, runTask, type TaskEvent } from '../../../src/index.ts';
import { hubFixture } from '../../files/hub/hub-cache.ts';
import { REPOSITORY } from '../../files/hub/hub-server.ts';
import { tinyEditing } from '../tiny-editing.ts';
import { expectEditWith, quickEdit } from './quick-tasks.ts';

const folder = tinyEditing(['custom-diffusion']);
const hub = hubFixture();

// edit.slow.test.ts has the other kinds of concepts, and what is stopped and gone on with.
describe('edit', () => {
  test(
    'steers and edits, and leaves all else as it is',
    () => expectEditWith(folder, 'custom-diffusion'),
    240_000,
  );

  test('takes a concept of the hub for the same as its folder', async () => {
    hub.hub.files = new Map();
    for (const name of await readdir(folder.path('custom-diffusion'))) {
      hub.hub.files.set(name, await readFile(folder.path(`custom-diffusion/${name}`)));
    }
    const request = { ...quickEdit(folder), steer: false, steps: 1 };
    await completeTask('edit', { ...request, output: folder.path('from-folder') });
    const remote = { ...request, concept: REPOSITORY, output: folder.path('from-hub') };
    await completeTask('edit', remote, { hub: hub.options });
    const [here, there] = await Promise.all(
      ['from-folder', 'from-hub'].map(async (name) => ({
        picture: await readPicture(folder.path(`${name}/edit.png`)),
        record: JSON.parse(await readFile(folder.path(`${name}/run.json`), 'utf8')),
      })),
    );
    expect(there!.picture.pixels).toEqual(here!.picture.pixels);
    expect(there!.record.request).toEqual(here!.record.request);
  }, 240_000);

  test('shows pictures of how far it is, which go in the end', async () => {
    const events: TaskEvent[] = [];
    const request = { ...quickEdit(folder), output: folder.path('previews'), steer: false, previewEvery: 1 };
    const run = runTask('edit', request);
    for await (const event of run) {
      events.push(event);
      if (event.kind === 'preview') expect((await readPicture(event.path)).width).toBe(16);
    }
    expect(events.filter(({ kind }) => kind === 'preview')).toHaveLength(2);
  }, 120_000);
});
