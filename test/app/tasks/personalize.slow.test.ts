import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { readPicture, writePicture } from '../../../src/files/images/index.ts';
import { completeTask, type TaskEvent } from '../../../src/index.ts';
import { tinyPicture } from '../../methods/personalization/tiny-pipeline.ts';
import { tinyEditing } from '../tiny-editing.ts';
import { conceptFiles, expectToLearnBy, quickPersonalize } from './quick-tasks.ts';

const folder = tinyEditing();
const methods = Object.keys(conceptFiles) as (keyof typeof conceptFiles)[];

describe('personalize', () => {
  test.each(methods)('learns by %s a concept that edit takes', (method) => expectToLearnBy(folder, method));

  test('stopped, goes on to the same bytes', async () => {
    const request = {
      ...quickPersonalize(folder),
      method: 'custom-diffusion',
      output: folder.path('stopped'),
    } as const;
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
  });

  test('keeps pictures of the class for the next concept, and shows samples', async () => {
    await writePicture(folder.path('other.png'), tinyPicture('other', [20, 20]));
    const request = {
      ...quickPersonalize(folder),
      method: 'lora',
      priorPictures: 2,
      steps: 2,
      sampleEvery: 2,
    } as const;
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
  });
});
