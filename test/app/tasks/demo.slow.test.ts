import { readdir, readFile, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readPicture } from '../../../src/files/images/index.ts';
import { completeTask, type TaskEvent } from '../../../src/index.ts';
import { tinyEditing } from '../tiny-editing.ts';

const folder = tinyEditing();

test('the demo, broken off while it learns and while it edits, goes on and ends with its sheet, which alone is drawn again', async () => {
  const output = folder.path('demo');
  const events: TaskEvent[] = [];
  const run = (resume: boolean, stopAt?: RegExp) => {
    const controller = new AbortController();
    return completeTask(
      'demo',
      { output, resume, method: 'lora', steps: 3, fast: true, device: 'cpu', threads: 1 },
      {
        builtInModel: folder.path('model'),
        signal: controller.signal,
        onEvent: (event) => {
          events.push(event);
          const isThere = event.kind === 'progress' && stopAt?.test(event.stage) && event.done === 2;
          if (isThere) controller.abort(new Error('enough'));
        },
      },
    );
  };
  const stopped = /^Stopped; nothing is lost\. Go on with the same command and --resume/;
  await expect(run(false, /^Learning/)).rejects.toThrow(stopped);
  await expect(run(false)).rejects.toThrow(/go on with the demo that was broken off there \(--resume\)/);
  await expect(run(true, /^Editing/)).rejects.toThrow(stopped);
  const { concept, source, sheet, distance, maskOverlap } = await run(true);
  expect(sheet).toBe(`${output}/sheet.png`);
  expect((await readPicture(sheet)).width).toBeGreaterThan(1500);
  for (const share of [distance.before, distance.after, maskOverlap]) {
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  expect((await readdir(output)).sort()).toEqual([
    'concept',
    'demo.json',
    'edit',
    'references',
    'sheet.png',
    'source.png',
  ]);
  const [before, told] = [await readFile(sheet), events.length];
  await rm(sheet);
  expect(await run(true)).toEqual({ concept, source, sheet, distance, maskOverlap });
  expect(await readFile(sheet)).toEqual(before);
  const again = events
    .slice(told)
    .filter((event) => event.kind === 'progress' && /^Editing|^Learning/.test(event.stage));
  expect(again).toEqual([]);
  const previews = events.flatMap((event) => (event.kind === 'preview' ? [event.stage] : []));
  expect(previews).toContain('Editing (DreamSteerer)');
}, 300_000);
