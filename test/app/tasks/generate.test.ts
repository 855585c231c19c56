import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readPicture, readPictureRecord } from '../../../src/files/images/index.ts';
import { completeTask, runTask, type TaskEvent } from '../../../src/index.ts';
import { bytesOf, small, tinyFiles } from '../tiny-files.ts';

const folder = tinyFiles();

/** Makes one picture into a file of its own; what is in it, and what was told. */
async function make(name: string, parameters: object = {}) {
  const output = folder.path(`${name}.png`);
  const events: TaskEvent[] = [];
  const result = await completeTask(
    'generate',
    { prompt: 'the cat', model: folder.path('model'), output, ...small, ...parameters },
    { onEvent: (event) => events.push(event) },
  );
  const { pixels } = await readPicture(result.pictures[0]!.path);
  return { result, events, pixels: Buffer.from(pixels), path: result.pictures[0]!.path };
}

const warnings = (events: readonly TaskEvent[]) =>
  events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []));

describe('generate', () => {
  test('makes the same file of the same seed, another picture of another', async () => {
    const [first, same, other] = [await make('a'), await make('b'), await make('c', { seed: 8 })];
    expect(await bytesOf(first.path)).toEqual(await bytesOf(same.path));
    expect(first.pixels.equals(other.pixels)).toBe(false);
    expect(first.result).toMatchObject({ model: 'model', width: 32, height: 16, pictures: [{ seed: 7 }] });
  });

  test('tells how far it is, and of each file when it is there', async () => {
    const { events, path } = await make('events');
    const progress = events.filter((event) => event.kind === 'progress');
    expect(progress.map(({ done, total }) => [done, total])).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
    expect(events.at(-1)).toEqual({ kind: 'file', path });
  });

  test('writes the settings so that they can be read back, without a folder of this machine', async () => {
    const { path } = await make('settings', {
      negativePrompt: 'the, "dog"',
      sampler: 'euler',
      sigmas: 'karras',
    });
    const { settings, recipe } = await readPictureRecord(path);
    expect(settings).toMatchObject({ prompt: 'the cat', negativePrompt: 'the, "dog"' });
    expect(Object.fromEntries(settings!.settings)).toMatchObject({
      Steps: '2',
      Sampler: 'Euler',
      'Schedule type': 'Karras',
      'CFG scale': '7.5',
      Seed: '7',
      Size: '32x16',
      Model: 'model',
    });
    expect(recipe).toMatchObject({ task: 'generate', parameters: { sampler: 'euler', seed: 7 } });
    expect(JSON.stringify(recipe)).not.toContain(folder.path(''));
  });

  test('leaves the settings out if told to', async () => {
    const { path } = await make('bare', { settings: false });
    expect(await readPictureRecord(path)).toEqual({});
  });

  test('makes each picture of a batch as it would be alone, and never overwrites one', async () => {
    const output = folder.path('several');
    const request = { prompt: 'The cat!', model: folder.path('model'), ...small, sampler: 'ddpm' } as const;
    const { pictures } = await completeTask('generate', { ...request, output, count: 3, batch: 2 });
    const names = ['the-cat-7.png', 'the-cat-8.png', 'the-cat-9.png'];
    expect((await readdir(output)).sort()).toEqual(names);
    expect(pictures.map(({ seed }) => seed)).toEqual([7, 8, 9]);
    for (const { seed, path } of pictures.slice(1)) {
      const alone = await make(`alone-${seed}`, { seed, sampler: 'ddpm', prompt: 'The cat!' });
      const together = await readPicture(path);
      const differences = together.pixels.map((value, index) => Math.abs(value - alone.pixels[index]!));
      expect(differences.reduce((most, each) => Math.max(most, each), 0)).toBeLessThanOrEqual(1);
    }
    const again = await completeTask('generate', { ...request, output });
    expect(again.pictures[0]!.path).toMatch(/the-cat-7-2\.png$/);
  });

  test.each([
    ['an embedding', 'the <cat>', ['cat.safetensors'], /2 vectors of 64/],
    ['a LoRA', 'the cat', ['lora.safetensors:0.5'], /applied at 0\.5, ‖ΔW‖ = \d/],
    ['Custom Diffusion', 'the <new1> cat', ['custom'], /Custom Diffusion/],
    ['several', 'the <cat> <new1>', ['cat.safetensors', 'custom', 'lora.safetensors'], /LoRA/],
  ])('applies %s', async (title, prompt, concepts, told) => {
    const paths = concepts.map((name) => folder.path(name));
    const plain = await make(`without ${title}`, { prompt });
    const applied = await make(`with ${title}`, { prompt, concepts: paths });
    expect(applied.pixels.equals(plain.pixels)).toBe(false);
    expect(warnings(applied.events)).toEqual([]);
    expect(applied.events.map((event) => (event.kind === 'note' ? event.message : '')).join('\n')).toMatch(
      told,
    );
  });

  test('a LoRA at scale 0 changes nothing, and is warned of', async () => {
    const plain = await make('plain');
    const applied = await make('zero', { concepts: [`${folder.path('lora.safetensors')}:0`] });
    expect(applied.pixels.equals(plain.pixels)).toBe(true);
    expect(warnings(applied.events)).toEqual([expect.stringContaining('changes nothing')]);
  });

  test('a model in the place of a concept takes over its networks', async () => {
    const plain = await make('plain-2');
    const applied = await make('whole', { concepts: [folder.path('model')] });
    expect(applied.pixels.equals(plain.pixels)).toBe(true);
  });

  test('warns of a prompt without the concept, and of one that is too long', async () => {
    const { events } = await make('warned', {
      prompt: 'the cat '.repeat(40),
      concepts: [folder.path('cat.safetensors')],
    });
    expect(warnings(events)).toEqual([
      expect.stringContaining('the prompt does not have "<cat>"'),
      expect.stringMatching(/longer than the 75 tokens .* left out: "/),
    ]);
  });

  test('takes a single file with the tokenizer of a folder', async () => {
    const single = { model: folder.path('single.safetensors'), tokenizer: folder.path('model') };
    const { result } = await make('single', single);
    expect(result.model).toBe('single.safetensors');
  });

  test('stops at the next step when it is aborted, and writes nothing', async () => {
    const controller = new AbortController();
    const output = folder.path('aborted/picture.png');
    const events = runTask(
      'generate',
      { prompt: 'the cat', model: folder.path('model'), output, ...small, steps: 50 },
      { signal: controller.signal },
    );
    let steps = 0;
    const consume = async () => {
      for await (const event of events) {
        if (event.kind !== 'progress') continue;
        steps = event.done;
        if (steps === 2) controller.abort(new Error('enough'));
      }
    };
    await expect(consume()).rejects.toThrow('enough');
    expect(steps).toBeLessThanOrEqual(3);
    expect(await readdir(folder.path(''))).not.toContain('aborted');
  });
});
