import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readPicture, writePicture } from '../../../src/files/images/index.ts';
import { completeTask, type TaskEvent } from '../../../src/index.ts';
import { tinyPicture } from '../../methods/personalization/tiny-pipeline.ts';
import { tinyEditing } from '../tiny-editing.ts';

const folder = tinyEditing();

const quick = () =>
  ({
    pictures: [folder.path('photo.png')] as string[],
    class: 'cat',
    token: '<biscuit>',
    model: folder.path('model'),
    steps: 4,
    sampleEvery: 0,
    priorPictures: 0,
    device: 'cpu',
    threads: 1,
  }) as const;

/** What other tools open, by method. */
const files = {
  'textual-inversion': 'learned_embeds.safetensors',
  dreambooth: 'model_index.json',
  'custom-diffusion': 'pytorch_custom_diffusion_weights.bin',
  lora: 'pytorch_lora_weights.safetensors',
} as const;

describe('personalize', () => {
  test.each(Object.entries(files) as [keyof typeof files, string][])(
    'learns by %s a concept that edit takes',
    async (method, file) => {
      const output = folder.path(`concepts-${method}`);
      const result = await completeTask('personalize', { ...quick(), method, output });
      expect(result).toMatchObject({ method, steps: 4, loss: expect.any(Number) });
      expect(await readdir(output)).toEqual(
        expect.arrayContaining([file, 'concept.json', 'reference.png', 'run.json']),
      );
      const card = JSON.parse(await readFile(`${output}/concept.json`, 'utf8'));
      expect(card).toMatchObject({ method: { kind: method }, classWord: 'cat', steps: 4, seed: 0 });
      const warnings: TaskEvent[] = [];
      await completeTask(
        'edit',
        {
          picture: folder.path('photo.png'),
          sourcePrompt: 'a photo of a cat',
          prompt: `a photo of a ${result.phrase}`,
          concept: output,
          model: folder.path('model'),
          output: folder.path(`edited-${method}`),
          steps: 1,
          steer: false,
          device: 'cpu',
        },
        { onEvent: (event) => event.kind === 'warning' && warnings.push(event) },
      );
      expect(warnings).toEqual([]);
    },
    240_000,
  );

  test('stopped, goes on to the same bytes', async () => {
    const request = { ...quick(), method: 'custom-diffusion', output: folder.path('stopped') } as const;
    const controller = new AbortController();
    const stopped = completeTask('personalize', request, {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.kind === 'progress' && event.stage === 'Learning' && event.done === 2)
          controller.abort(new Error());
      },
    });
    await expect(stopped).rejects.toThrow(
      /^Stopped; nothing is lost\. Go on with the same command and --resume/,
    );
    expect(await readdir(folder.path(''))).not.toContain('stopped');
    await completeTask('personalize', { ...request, resume: true });
    await completeTask('personalize', { ...request, output: folder.path('whole') });
    for (const name of [
      'pytorch_custom_diffusion_weights.bin',
      '<biscuit>.bin',
      'concept.json',
      'reference.png',
    ]) {
      expect(await readFile(folder.path(`stopped/${name}`))).toEqual(
        await readFile(folder.path(`whole/${name}`)),
      );
    }
    const losses = (name: string) =>
      readFile(folder.path(`${name}/run.json`), 'utf8').then((text) => JSON.parse(text).losses);
    expect(await losses('stopped')).toEqual(await losses('whole'));
  }, 240_000);

  test('keeps pictures of the class for the next concept, and shows samples', async () => {
    await writePicture(folder.path('other.png'), tinyPicture('other', [20, 20]));
    const request = { ...quick(), method: 'lora', priorPictures: 2, steps: 2, sampleEvery: 2 } as const;
    const made = async (name: string, pictures: readonly string[]) => {
      const events: TaskEvent[] = [];
      const output = folder.path(`shelf/${name}`);
      await completeTask(
        'personalize',
        { ...request, pictures: [...pictures], output },
        { onEvent: (event) => events.push(event) },
      );
      expect((await readPicture(`${output}/samples/step-000002-1.png`)).width).toBe(16);
      return events.filter((event) => 'stage' in event && event.stage === 'Making pictures of the class')
        .length;
    };
    expect(await made('one', [folder.path('photo.png')])).toBe(2);
    expect(await made('two', [folder.path('other.png')])).toBe(0);
  }, 240_000);
});
