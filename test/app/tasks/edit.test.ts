import { access, readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readConcept } from '../../../src/files/checkpoints/index.ts';
import { readPicture, readPictureRecord } from '../../../src/files/images/index.ts';
import { completeTask, runTask, type TaskEvent } from '../../../src/index.ts';
import { hubFixture } from '../../files/hub/hub-cache.ts';
import { REPOSITORY } from '../../files/hub/hub-server.ts';
import { tinyEditing } from '../tiny-editing.ts';

const kinds = ['textual-inversion', 'dreambooth', 'custom-diffusion', 'lora'] as const;
const folder = tinyEditing(kinds);
const hub = hubFixture();

/** An edit of a second or two. */
const quick = () =>
  ({
    picture: folder.path('photo.png'),
    sourcePrompt: 'a photo of a cat',
    prompt: 'a photo of a <toy> cat',
    concept: folder.path('custom-diffusion'),
    model: folder.path('model'),
    seed: 5,
    steps: 2,
    steerSteps: 2,
    guidedImages: 1,
    device: 'cpu',
    threads: 1,
  }) as const;

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Pixels at which two pictures differ where the mask is black, and where it is not. */
async function changes(picture: string, mask: string) {
  const [before, after, where] = await Promise.all(
    [folder.path('photo.png'), picture, mask].map((path) => readPicture(path)),
  );
  const counts = { outside: 0, inside: 0 };
  for (let index = 0; index < before!.pixels.length; index++) {
    if (before!.pixels[index] === after!.pixels[index]) continue;
    counts[where!.pixels[index] === 0 ? 'outside' : 'inside']++;
  }
  return counts;
}

describe('edit', () => {
  test.each(kinds)(
    'steers and edits with a concept of the kind %s, and leaves all else as it is',
    async (kind) => {
      const output = folder.path(`out-${kind}`);
      const result = await completeTask('edit', { ...quick(), concept: folder.path(kind), output });
      const { outside, inside } = await changes(`${output}/edit.png`, `${output}/mask.png`);
      expect(outside).toBe(0);
      expect(inside).toBeGreaterThan(0);
      expect(result.variants).toMatchObject([{ name: 'full', changedOutsideMask: 0 }]);
      expect((await readdir(output)).sort()).toEqual(['edit.png', 'mask.png', 'run.json', 'sheet.png']);
      expect(await isThere(`${output}.unfinished`)).toBe(false);
    },
    240_000,
  );

  test('makes the same pictures of the same seed, all variants in one crop, and tells how', async () => {
    const request = { ...quick(), variants: ['dds,dds-s', 'dds-sm'], seed: 6 };
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
  }, 240_000);

  test('takes a concept of the hub for the same as its folder', async () => {
    hub.hub.files = new Map();
    for (const name of await readdir(folder.path('custom-diffusion'))) {
      hub.hub.files.set(name, await readFile(folder.path(`custom-diffusion/${name}`)));
    }
    const request = { ...quick(), steer: false, steps: 1 };
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

  test.each(['concept', 'lora'] as const)(
    'keeps the steered concept as a %s',
    async (steeredAs) => {
      const output = folder.path(`steered-${steeredAs}`);
      await completeTask('edit', { ...quick(), output, steeredAs, saveSteered: true, recipe: false });
      expect(await readPictureRecord(`${output}/edit.png`)).toEqual({});
      const base = { unet: new Map(), textEncoder: new Map() };
      const read = await readConcept(`${output}/steered`, { base }).catch(() => undefined);
      const card = JSON.parse(await readFile(`${output}/steered/concept.json`, 'utf8'));
      await read?.close();
      expect(card).toMatchObject({
        method: { kind: steeredAs === 'lora' ? 'lora' : 'custom-diffusion' },
        phrase: '<toy> cat',
      });
      const again = { ...quick(), concept: `${output}/steered`, output: `${output}-again`, steer: false };
      const { variants } = await completeTask('edit', again);
      expect(variants).toMatchObject([{ name: 'dds-sm', changedOutsideMask: 0 }]);
    },
    240_000,
  );

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

  test.each(stops)(
    'stopped %s goes on to the same bytes',
    async (where, steer, at) => {
      const name = where.replaceAll(' ', '-');
      const request = { ...quick(), steps: 3, saveEvery: 1, steer, output: folder.path(name) };
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
    },
    300_000,
  );

  test('shows pictures of how far it is, which go in the end', async () => {
    const events: TaskEvent[] = [];
    const request = { ...quick(), output: folder.path('previews'), steer: false, previewEvery: 1 };
    const run = runTask('edit', request);
    for await (const event of run) {
      events.push(event);
      if (event.kind === 'preview') expect((await readPicture(event.path)).width).toBe(16);
    }
    expect(events.filter(({ kind }) => kind === 'preview')).toHaveLength(2);
  }, 120_000);
});
