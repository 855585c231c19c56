import { describe, expect, test } from 'vitest';
import { readPicture } from '../../../src/files/images/index.ts';
import { runTask, type TaskEvent } from '../../../src/index.ts';
import { tinyEditing } from '../tiny-editing.ts';
import { expectEditWith, quickEdit } from './quick-tasks.ts';

const folder = tinyEditing(['custom-diffusion']);

// edit.slow.test.ts has the other kinds of concepts, and what is stopped and gone on with.
describe('edit', () => {
  test(
    'steers and edits, and leaves all else as it is',
    () => expectEditWith(folder, 'custom-diffusion'),
    240_000,
  );

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
