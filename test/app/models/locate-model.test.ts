import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { completeTask, type TaskEvent } from '../../../src/index.ts';
import { hubFixture } from '../../files/hub/hub-cache.ts';
import { REPOSITORY } from '../../files/hub/hub-server.ts';
import { tinyFiles } from '../tiny-files.ts';

const folder = tinyFiles();
const fixture = hubFixture();

describe('inspect', () => {
  test.each([
    ['a file of a repository', `${REPOSITORY}/styles/lora.safetensors`, { kind: 'LoRA', ranks: [4] }],
    ['the one file of a repository', REPOSITORY, { kind: 'LoRA', ranks: [4] }],
  ])('tells what is in %s on the hub', async (_, file, expected) => {
    const lora = await readFile(folder.path('lora.safetensors'));
    fixture.hub.files = new Map([['styles/lora.safetensors', lora]]);
    expect(await completeTask('inspect', { file }, { hub: fixture.options })).toMatchObject(expected);
  });

  test('finds the words of Custom Diffusion beside it, in a folder of a repository', async () => {
    const names = await readdir(folder.path('custom'));
    const files = names.map(
      async (name) => [`cat/${name}`, await readFile(folder.path(`custom/${name}`))] as const,
    );
    fixture.hub.files = new Map(await Promise.all(files));
    const weights = names.find((name) => name.startsWith('pytorch_custom_diffusion_weights'));
    const file = `${REPOSITORY}/cat/${weights}`;
    expect(await completeTask('inspect', { file }, { hub: fixture.options })).toMatchObject({
      kind: 'Custom Diffusion',
      tokens: [{ token: '<new1>' }],
    });
  });
});

describe('a model of the hub', () => {
  test('is downloaded once, with its progress in bytes, and then found without a connection', async () => {
    const model = folder.path('model');
    const paths = (await readdir(model, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(model.length + 1));
    for (const path of paths) fixture.hub.files.set(path, await readFile(join(model, path)));

    const events: TaskEvent[] = [];
    const hub = { cacheFolder: fixture.cache, endpoint: fixture.hub.endpoint } as const;
    const online = {
      hub: { ...hub, connection: 'online' },
      onEvent: (event: TaskEvent) => events.push(event),
    } as const;
    const first = await completeTask('inspect', { file: REPOSITORY }, online);
    expect(first).toMatchObject({ kind: 'model', family: 'SD 1.x' });

    const progress = events.filter((event) => event.kind === 'progress');
    const { total } = progress[0]!;
    expect(progress.at(-1)).toEqual({
      kind: 'progress',
      stage: `Downloading ${REPOSITORY}`,
      done: total,
      total,
      unit: 'bytes',
    });
    const done = progress.map((event) => event.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));

    const requests = fixture.hub.requests.length;
    const offline = { hub: { ...hub, connection: 'offline' } } as const;
    expect(await completeTask('inspect', { file: REPOSITORY }, offline)).toEqual(first);
    expect(fixture.hub.requests).toHaveLength(requests);
  });
});
