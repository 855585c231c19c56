import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { completeTask, tasks, version } from '../../../src/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';

const folder = temporaryFolder();

test('doctor tells what works, what is cached and which versions run', async () => {
  await mkdir(folder.path('models--someone--tiny/blobs'), { recursive: true });
  await folder.put('models--someone--tiny/blobs/a', 'x'.repeat(2048));
  const hub = {
    cacheFolder: folder.path(''),
    endpoint: 'https://hub.invalid',
    connection: 'offline',
  } as const;
  const diagnosis = await completeTask('doctor', {}, { hub, builtInModel: folder.path('none') });
  expect(diagnosis.versions).toMatchObject({ dreamsteerer: version, node: process.versions.node });
  expect(diagnosis.versions['onnxruntime-node']).toMatch(/^1\./);
  expect(diagnosis.devices[0]).toEqual({ device: 'cpu', works: true, reason: '' });
  expect(diagnosis.builtInModel.state).toBe('absent');
  expect(diagnosis.cachedModels).toEqual([
    { id: 'someone/tiny', folder: folder.path('models--someone--tiny'), bytes: 2048 },
  ]);
  expect(tasks.doctor.describe(diagnosis)).toMatch(/cpu: works[\s\S]*someone\/tiny, 2\.0 KiB\nLPIPS {6}/);
});
