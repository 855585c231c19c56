import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readConcept } from '../../../src/files/checkpoints/index.ts';
import { readPictureRecord } from '../../../src/files/images/index.ts';
import { completeTask, type TaskEvent } from '../../../src/index.ts';
import { tinyEditing } from '../tiny-editing.ts';
import { expectEditWith, isThere, quickEdit } from './quick-tasks.ts';

const kinds = ['textual-inversion', 'dreambooth', 'custom-diffusion', 'lora'] as const;
const folder = tinyEditing(kinds);

describe('edit', () => {
  test.each(kinds)('steers and edits with a concept of the kind %s, and leaves all else as it is', (kind) =>
    expectEditWith(folder, kind),
  );

  test('makes the same pictures of the same seed, all variants in one crop, and tells how', async () => {
    const request = { ...quickEdit(folder), variants: ['dds,dds-s', 'dds-sm'], seed: 6 };
    for (const name of ['first', 'second']) {
      await completeTask('edit', { ...request, output: folder.path(name) });
    }
    const names = ['edit-dds.png', 'edit-dds-s.png', 'edit-dds-sm.png', 'mask.png', 'sheet.png'];
    for (const name of names) {
      expect(await readFile(folder.path(`first/${name}`))).toEqual(
        await readFile(folder.path(`second/${name}`)),
      );
    }
    const record = JSON.parse(await readFile(folder.path('first/run.json'), 'utf8'));
    expect(record).toMatchObject({
      request: { seed: 6, variants: ['dds', 'dds-s', 'dds-sm'], editing: { steps: 2 } },
      subject: { word: 'cat' },
      versions: { dreamsteerer: expect.any(String) },
      results: [{ metrics: { ssim: expect.any(Number) } }, {}, { changedOutsideMask: 0 }],
    });
    expect(record.request.files.model).toMatch(/^[0-9a-f]{64}$/);
    expect(record.unetCalls.editing['dds-sm']).toBeGreaterThan(0);
    const { settings, recipe } = await readPictureRecord(folder.path('first/edit-dds.png'));
    expect(settings).toMatchObject({ prompt: 'a photo of a <toy> cat' });
    expect(recipe).toMatchObject({
      task: 'edit',
      variant: 'dds',
      parameters: { seed: 6, picture: 'photo.png' },
    });
    expect(JSON.stringify([recipe, record])).not.toContain(folder.path(''));
  });

  test.each(['concept', 'lora'] as const)('keeps the steered concept as a %s', async (steeredAs) => {
    const output = folder.path(`steered-${steeredAs}`);
    await completeTask('edit', { ...quickEdit(folder), output, steeredAs, saveSteered: true, recipe: false });
    expect(await readPictureRecord(`${output}/edit.png`)).toEqual({});
    const base = { unet: new Map(), textEncoder: new Map() };
    const read = await readConcept(`${output}/steered`, { base }).catch(() => undefined);
    const card = JSON.parse(await readFile(`${output}/steered/concept.json`, 'utf8'));
    await read?.close();
    expect(card).toMatchObject({
      method: { kind: steeredAs === 'lora' ? 'lora' : 'custom-diffusion' },
      phrase: '<toy> cat',
    });
    const again = {
      ...quickEdit(folder),
      concept: `${output}/steered`,
      output: `${output}-again`,
      steer: false,
    };
    const { variants } = await completeTask('edit', again);
    expect(variants).toMatchObject([{ name: 'dds-sm', changedOutsideMask: 0 }]);
  });

  /** Where a run is stopped: at the first event that fits. */
  const stops: readonly (readonly [where: string, steer: boolean, at: (event: TaskEvent) => boolean])[] = [
    [
      'in steering',
      true,
      (event) => event.kind === 'progress' && event.stage === 'Steering' && event.done === 1,
    ],
    [
      'in the edit',
      false,
      (event) => event.kind === 'progress' && /^Editing/.test(event.stage) && event.done === 2,
    ],
  ];

  test.each(stops)('stopped %s goes on to the same bytes', async (where, steer, at) => {
    const name = where.replaceAll(' ', '-');
    const request = { ...quickEdit(folder), steps: 3, saveEvery: 1, steer, output: folder.path(name) };
    const controller = new AbortController();
    const stopped = completeTask('edit', request, {
      signal: controller.signal,
      onEvent: (event) => at(event) && controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow(
      /^Stopped; nothing is lost\. Go on with the same command and --resume/,
    );
    expect(await isThere(request.output)).toBe(false);
    await expect(completeTask('edit', request)).rejects.toThrow(/broken off; go on with it \(--resume\)/);
    await expect(completeTask('edit', { ...request, resume: true, steps: 4 })).rejects.toThrow(
      /has editing .*"steps":3.*; go on with the same settings, or begin anew/,
    );
    await completeTask('edit', { ...request, resume: true });
    await completeTask('edit', { ...request, output: `${request.output}-whole` });
    for (const file of ['edit.png', 'mask.png', 'sheet.png']) {
      expect(await readFile(`${request.output}/${file}`)).toEqual(
        await readFile(`${request.output}-whole/${file}`),
      );
    }
    expect(await isThere(`${request.output}.unfinished`)).toBe(false);
  });
});
