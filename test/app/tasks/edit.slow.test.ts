import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { joinArrays, type NdArray, normal, randomKey } from '../../../src/engine/index.ts';
import { readConcept, writeDiffusersFolder } from '../../../src/files/checkpoints/index.ts';
import { readPictureRecord } from '../../../src/files/images/index.ts';
import { completeTask, type TaskEvent } from '../../../src/index.ts';
import { tokenTable } from '../../../src/methods/personalization/index.ts';
import { tinyEditing, tinyEditor } from '../tiny-editing.ts';
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

  test('steers a LoRA beside a concept', async () => {
    const output = folder.path('beside');
    const request = { ...quickEdit(folder), concept: folder.path('textual-inversion'), output };
    await completeTask('edit', { ...request, steerWhat: 'lora', steeredAs: 'lora', saveSteered: true });
    const card = JSON.parse(await readFile(`${output}/steered/concept.json`, 'utf8'));
    expect(card).toMatchObject({
      method: { kind: 'lora', rank: 4, targets: ['attention'] },
      tokens: [{ word: '<toy>' }],
    });
  });

  test.each([
    ['custom-diffusion', 'concept', 'custom-diffusion', []],
    ['custom-diffusion', 'lora', 'lora', [/^The LoRA, of rank 32 at most, holds 98 % of what/]],
    ['dreambooth', 'lora', 'lora', [/^The LoRA, of rank 32 at most, holds \d+ % of what/]],
    ['lora', 'lora', 'lora', []],
    ['textual-inversion', 'lora', 'textual-inversion', [/^Words alone were learned, which no LoRA can hold/]],
  ] as const)('keeps the steered concept of %s as a %s: %s', async (began, steeredAs, kind, told) => {
    const output = folder.path(`steered-${began}-${steeredAs}`);
    const notes: string[] = [];
    const made = await completeTask(
      'edit',
      {
        ...quickEdit(folder),
        variants: ['full,dds'],
        concept: folder.path(began),
        output,
        steeredAs,
        saveSteered: true,
        recipe: false,
      },
      {
        onEvent: (event) =>
          event.kind === 'note' && /^The LoRA|^Words/.test(event.message) && notes.push(event.message),
      },
    );
    expect(notes).toEqual(told.map((note) => expect.stringMatching(note)));
    expect(made.variants.map(({ name }) => name)).toEqual(['full', 'dds']);
    expect(await readPictureRecord(`${output}/edit-full.png`)).toEqual({});
    const base = { unet: new Map(), textEncoder: new Map() };
    const read = await readConcept(`${output}/steered`, { base }).catch(() => undefined);
    const card = JSON.parse(await readFile(`${output}/steered/concept.json`, 'utf8'));
    await read?.close();
    expect(card).toMatchObject({
      method: { kind },
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

  test.each(['concept', 'lora'] as const)(
    'steers a whole model whose own tokenizer has the word, and keeps it as a %s that has it',
    async (steeredAs) => {
      const [whole, output] = [folder.path(`whole-${steeredAs}`), folder.path(`steered-whole-${steeredAs}`)];
      await writeModelWithWord(whole);
      const request = { ...quickEdit(folder), concept: whole };
      await completeTask('edit', { ...request, output, saveSteered: true, steeredAs });
      if (steeredAs === 'lora') {
        expect(await isThere(`${output}/steered/learned_embeds.safetensors`)).toBe(true);
        const card = JSON.parse(await readFile(`${output}/steered/concept.json`, 'utf8'));
        expect(card).toMatchObject({ method: { kind: 'lora' }, phrase: '<toy>' });
      }
      const again = { ...request, concept: `${output}/steered`, output: `${output}-again`, steer: false };
      const { variants } = await completeTask('edit', again);
      expect(variants).toMatchObject([{ name: 'dds-sm', changedOutsideMask: 0 }]);
    },
  );

  /** Where a run is stopped: at the first event that fits; and what is kept of it. */
  const stops: readonly (readonly [
    where: string,
    steer: boolean,
    at: (event: TaskEvent & { readonly kind: 'progress' }) => boolean,
    kept: string,
  ])[] = [
    [
      'in the second guided image',
      true,
      ({ stage, done, total }) => stage === 'Sampling guided images' && done === total! / 2 + 1,
      'guided-image-1.safetensors',
    ],
    ['in steering', true, ({ stage, done }) => stage === 'Steering' && done === 1, 'steering.safetensors'],
    [
      'in the edit',
      false,
      ({ stage, done }) => /^Editing/.test(stage) && done === 2,
      'edit-dds-sm.safetensors',
    ],
  ];

  test.each(stops)('stopped %s goes on to the same bytes', async (where, steer, at, kept) => {
    const name = where.replaceAll(' ', '-');
    const own = { steps: 3, guidedImages: 2, steer, output: folder.path(name) };
    const request = { ...quickEdit(folder), ...own };
    const controller = new AbortController();
    const stopped = completeTask('edit', request, {
      signal: controller.signal,
      onEvent: (event) => event.kind === 'progress' && at(event) && controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow(
      /^Stopped; nothing is lost\. Go on with the same command and --resume/,
    );
    expect(await isThere(request.output)).toBe(false);
    expect(await isThere(`${request.output}.unfinished/${kept}`)).toBe(true);
    await expect(completeTask('edit', request)).rejects.toThrow(/broken off; go on with it \(--resume\)/);
    await expect(completeTask('edit', { ...request, resume: true, steps: 4 })).rejects.toThrow(
      /has editing\.steps 3, and now it is 4; go on with the same settings, or begin anew/,
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

/** The tiny model, with `<toy>` in its tokenizer and a row for it in its table; no card. */
async function writeModelWithWord(path: string): Promise<void> {
  const { textEncoder, tokenizerFiles } = tinyEditor;
  const table = textEncoder.parameters.get(tokenTable) as NdArray;
  const row = normal(randomKey(4), [1, table.shape[1]!]);
  await writeDiffusersFolder(path, {
    ...tinyEditor,
    textEncoder: {
      configJson: { ...textEncoder.configJson, vocab_size: table.shape[0]! + 1 },
      parameters: new Map([...textEncoder.parameters, [tokenTable, joinArrays([table, row], 0)]]),
    },
    tokenizerFiles: new Map([
      ...tokenizerFiles,
      ['added_tokens.json', Buffer.from(JSON.stringify({ '<toy>': table.shape[0] }))],
    ]),
  });
}
