import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { tryLock, waitForLock } from '../../../src/files/hub/file-lock.ts';
import { hubFixture } from './hub-cache.ts';
import { COMMIT, REPOSITORY, sha256 } from './hub-server.ts';
import { NEEDED, tinyPipeline, UNET } from './tiny-pipeline.ts';

const fixture = hubFixture();

test('two processes at once bring every file once', async () => {
  const script = fileURLToPath(new URL('./pull-in-a-process.ts', import.meta.url));
  const both = expect.poll(() => fixture.hub.listings, { timeout: 30_000 }).toBe(2);
  fixture.hub.faults.set(UNET, [{ kind: 'hold', until: both.then(() => delay(1000)) }]);
  const run = () =>
    promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      script,
      REPOSITORY,
      fixture.cache,
      fixture.hub.endpoint,
    ]);

  const outputs = await Promise.all([run(), run()]);

  const events = outputs.map(({ stdout }) => JSON.parse(stdout) as string[]);
  expect(fixture.hub.requests.filter((request) => request.includes(UNET))).toEqual([`GET ${UNET}`]);
  expect(events.flat().filter((event) => event === `waiting ${UNET}`)).toHaveLength(1);
  const snapshot = join(fixture.cache, 'models--someone--tiny-pipeline/snapshots', COMMIT);
  for (const path of NEEDED) {
    expect(Buffer.compare(await readFile(join(snapshot, path)), tinyPipeline().get(path)!), path).toBe(0);
  }
  expect((await fixture.cached()).filter((path) => /lock|incomplete/.test(path))).toEqual([]);
});

test('two pulls in one process do so, too', async () => {
  const [first, second] = await Promise.all([fixture.pull(), fixture.pull()]);
  expect(first.model).toEqual(second.model);
  expect(fixture.hub.requests.filter((request) => request.includes(UNET))).toEqual([`GET ${UNET}`]);
});

test('the lock of a process that died is taken away after a while, one that lives is respected', async () => {
  const path = join(fixture.cache, 'some.lock');
  const lock = (await tryLock(path))!;
  expect(await tryLock(path)).toBeUndefined();
  const soon = AbortSignal.timeout(300);
  await expect(waitForLock(path, soon)).rejects.toThrow(/abort/i);
  const waiting = waitForLock(path);
  await lock.release();
  const second = await waiting;
  await second.release();

  await writeFile(path, ''); // nobody touches it
  const taken = await waitForLock(path, undefined, { look: 5, looksUntilDead: 10 });
  await taken.release();
  expect(await fixture.cached()).toEqual([]);
});

test('a wrong file under the name of a blob is replaced', async () => {
  const unet = tinyPipeline().get(UNET)!;
  const blob = join(fixture.cache, 'models--someone--tiny-pipeline/blobs', sha256(unet));
  await mkdir(dirname(blob), { recursive: true });
  await writeFile(blob, 'cut off');
  await fixture.pull();
  expect(Buffer.compare(await readFile(blob), unet)).toBe(0);
});
