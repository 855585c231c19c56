import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { completeTask, type TaskEvent } from '../../../src/index.ts';
import { hubFixture } from '../../files/hub/hub-cache.ts';
import { REPOSITORY } from '../../files/hub/hub-server.ts';
import { tinyFiles } from '../tiny-files.ts';

const folder = tinyFiles();
const fixture = hubFixture();

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
