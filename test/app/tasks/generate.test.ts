import { readdir } from 'node:fs/promises';
import sharp from 'sharp';
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

/** A photo of 64 x 32, red on the left and blue on the right, lying on its side as phones store it. */
async function writePhoto(name: string): Promise<string> {
  const pixels = Buffer.alloc(64 * 32 * 3);
  for (let pixel = 0; pixel < 64 * 32; pixel++) pixels[3 * pixel + (pixel % 64 < 32 ? 0 : 2)] = 255;
  const upright = sharp(pixels, { raw: { width: 64, height: 32, channels: 3 } });
  // Orientation 6: to be turned clockwise.
  await sharp(await upright.rotate(-90).png().toBuffer())
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toFile(folder.path(name));
  return folder.path(name);
}

describe('image to image', () => {
  test('starts from the picture, of which the more is left the smaller the strength is', async () => {
    const sized = { image: await writePhoto('photo.jpg'), steps: 4 };
    const weak = await make('weak', { ...sized, strength: 0.25 });
    const strong = await make('strong', { ...sized, strength: 1 });
    const noise = await make('noise', { steps: 4 });
    const progress = weak.events.filter((event) => event.kind === 'progress');
    expect(progress.at(-1)).toMatchObject({ done: 1, total: 1 });
    expect(distance(strong.pixels, noise.pixels)).toBeLessThan(distance(weak.pixels, noise.pixels));
  });

  test('has the shape of the upright picture, and says what it did', async () => {
    const image = await writePhoto('lying.jpg');
    const { result, events } = await make('shaped', { image, width: 48, height: undefined, steps: 4 });
    expect(result).toMatchObject({ width: 48, height: 24 });
    expect(events).toContainEqual({
      kind: 'note',
      message: 'lying.jpg: starting from this picture of 64 x 32, turned upright (EXIF orientation 6)',
    });
  });

  test('is told in the settings, without the folder of the picture', async () => {
    const image = await writePhoto('told.jpg');
    const { path } = await make('told', { image, steps: 4 });
    const { settings, recipe } = await readPictureRecord(path);
    expect(settings!.settings.get('Denoising strength')).toBe('0.75');
    expect(recipe).toMatchObject({ parameters: { image: 'told.jpg', strength: 0.75 } });
    expect(JSON.stringify(recipe)).not.toContain(folder.path(''));
  });

  test('makes each picture of a batch as it would be alone', async () => {
    const image = await writePhoto('batch.jpg');
    const request = { prompt: 'the cat', model: folder.path('model'), ...small, image, steps: 4 } as const;
    const { pictures } = await completeTask('generate', {
      ...request,
      output: folder.path('image-batch'),
      count: 2,
      batch: 2,
      sampler: 'ddpm',
    });
    const alone = await make('second', { image, steps: 4, sampler: 'ddpm', seed: 8 });
    const { pixels } = await readPicture(pictures[1]!.path);
    expect(alone.pixels.equals(Buffer.from(pixels))).toBe(true);
  });

  test.each([
    ['a strength without a picture', 'without', 0.5, 'name one (--image)'],
    ['less than a step', 'with', 0.1, 'is less than one step'],
  ])('refuses %s', async (_, picture, strength, message) => {
    const image = picture === 'with' ? { image: await writePhoto('refused.jpg') } : {};
    await expect(make('refused', { ...image, strength, steps: 5 })).rejects.toThrow(message);
  });

  test('refuses a picture that is not there', async () => {
    await expect(make('refused', { image: folder.path('none.jpg') })).rejects.toThrow('none.jpg');
  });
});

const distance = (a: Buffer, b: Buffer) =>
  a.reduce((sum, value, index) => sum + Math.abs(value - b[index]!), 0);

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
      'CFG scale': '4',
      Seed: '7',
      Size: '32x16',
      Model: 'model',
    });
    expect(recipe).toMatchObject({ task: 'generate', parameters: { sampler: 'euler', seed: 7 } });
    expect(JSON.stringify(recipe)).not.toContain(folder.path(''));
  });

  test('samples with fresh noise where the model is small, unless it is told how', async () => {
    const sampler = async (name: string, asked = {}) => {
      const { recipe } = await readPictureRecord((await make(name, asked)).path);
      return (recipe as { readonly parameters: { readonly sampler: string } }).parameters.sampler;
    };
    expect(await sampler('usual')).toBe('euler-ancestral');
    expect(await sampler('karras', { sigmas: 'karras' })).toBe('dpm-solver++');
    expect(await sampler('asked', { sampler: 'ddim' })).toBe('ddim');
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

  test('warns of a word that nobody taught the model', async () => {
    const { events } = await make('untaught', { prompt: 'the <toy>', negativePrompt: '<cat>' });
    expect(warnings(events)).toEqual([
      'prompt: the model does not know "<toy>"; name the concept that it belongs to (--concept)',
      expect.stringContaining('negative prompt: the model does not know "<cat>"'),
    ]);
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

  test.each(['folder', 'file'] as const)('predicts what it is told to, of a %s', async (form) => {
    const single = { model: folder.path('single.safetensors'), tokenizer: folder.path('model') };
    const from = form === 'file' ? single : {};
    const [unsaid, noise, velocity] = [
      await make(`prediction-${form}`, from),
      await make(`prediction-${form}-noise`, { ...from, prediction: 'epsilon' }),
      await make(`prediction-${form}-velocity`, { ...from, prediction: 'v_prediction' }),
    ];
    expect(noise.pixels.equals(unsaid.pixels)).toBe(true);
    expect(velocity.pixels.equals(unsaid.pixels)).toBe(false);
  });

  test('takes a single file with the tokenizer of a folder', async () => {
    const single = { model: folder.path('single.safetensors'), tokenizer: folder.path('model') };
    const { result } = await make('single', single);
    expect(result.model).toBe('single.safetensors');
  });

  test('refuses what will not fit, with the number and what would', async () => {
    await expect(make('huge', { width: 8192, height: 8192, count: 2, batch: 2 })).rejects.toThrow(
      /^generate: a step of sampling takes about \d+\.\d GiB .* are free; .*the model's own size and --batch 1 it takes about 0\.\d GiB$/,
    );
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
