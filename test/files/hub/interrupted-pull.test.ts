import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pull } from '../../../src/files/hub/index.ts';
import { hubFixture } from './hub-cache.ts';
import { COMMIT, REPOSITORY, sha256 } from './hub-server.ts';
import { NEEDED, tinyPipeline, UNET, VAE } from './tiny-pipeline.ts';

const fixture = hubFixture();
const unet = tinyPipeline().get(UNET)!;
const blobs = () => join(fixture.cache, 'models--someone--tiny-pipeline', 'blobs');
const requestsFor = (path: string) => fixture.hub.requests.filter((request) => request.includes(path));

/** No download under way, no lock and no link that leads nowhere is left. */
async function expectWholeModel(folder: string): Promise<void> {
  for (const path of NEEDED) {
    expect(Buffer.compare(await readFile(join(folder, path)), tinyPipeline().get(path)!), path).toBe(0);
  }
  expect((await fixture.cached()).filter((path) => /incomplete|lock/.test(path))).toEqual([]);
}

describe('a connection that is lost', () => {
  test('half-way is taken up where it ended', async () => {
    fixture.hub.faults.set(UNET, [
      { kind: 'drop', after: 1_000_000 },
      { kind: 'drop', after: 700_000 },
    ]);
    const { model, events } = await fixture.pull();
    const [first, second, third, ...more] = requestsFor(UNET).map((request) =>
      Number(request.split('from ')[1] ?? 0),
    );
    expect([first, more]).toEqual([0, []]);
    expect(second).toBeGreaterThan(0);
    expect(second).toBeLessThanOrEqual(1_000_000);
    expect(third).toBeGreaterThan(second!);
    expect(third).toBeLessThanOrEqual(1_700_000);
    const interruptions = events.filter(({ kind }) => kind === 'interrupted');
    expect(interruptions).toHaveLength(2);
    expect(interruptions[0]).toMatchObject({
      path: UNET,
      reason: expect.stringMatching(/connection for .* was lost/),
    });
    await expectWholeModel(model.folder);
  });

  test('and a server that starts again at the beginning: nothing of that is written', async () => {
    fixture.hub.faults.set(UNET, [{ kind: 'drop', after: 1_000_000 }, { kind: 'whole' }]);
    const { model, events } = await fixture.pull();
    expect(events.flatMap((event) => (event.kind === 'interrupted' ? [event.reason] : []))[1]).toMatch(
      /the server does not send parts of files/,
    );
    expect(events.filter(({ kind }) => kind === 'restarted')).toEqual([]);
    await expectWholeModel(model.folder);
  });

  test('again and again without a byte is given up, and taken up by the next pull', async () => {
    fixture.hub.faults.set(UNET, [
      { kind: 'drop', after: 2_000_000 },
      { kind: 'drop', after: 0 },
      { kind: 'drop', after: 0 },
      { kind: 'drop', after: 0 },
    ]);
    await fixture.refuses(/: the connection for unet\/.*safetensors was lost/);
    const partial = join(blobs(), `${sha256(unet)}.dreamsteerer.incomplete`);
    const kept = (await stat(partial)).size;
    expect(kept).toBeGreaterThan(0);
    expect(await readdir(blobs())).not.toContain(sha256(unet));

    fixture.hub.faults.clear();
    fixture.hub.requests.length = 0;
    const { model, events } = await fixture.pull();
    expect(requestsFor(UNET)).toEqual([`GET ${UNET} from ${kept}`]);
    expect(events).toContainEqual({ kind: 'file-started', path: UNET, done: kept, size: unet.length });
    await expectWholeModel(model.folder);
  });

  test('from the start is a sentence that says what to do', async () => {
    await fixture.hub.close();
    await fixture.refuses(
      / cannot be reached \(ECONNREFUSED\); check the connection, or set HF_HUB_OFFLINE=1/,
    );
  });
});

describe('a file that arrives corrupt', () => {
  test('is refused, and nothing of it is kept', async () => {
    fixture.hub.faults.set(VAE, [{ kind: 'corrupt' }]);
    await fixture.refuses(
      /: vae\/.*safetensors arrived with the sha256 [0-9a-f]{64}, not [0-9a-f]{64}; nothing of it is kept/,
    );
    const vae = sha256(tinyPipeline().get(VAE)!);
    expect(
      (await fixture.cached()).filter((path) => path.includes(vae) || path.includes('vae/diff')),
    ).toEqual([]);
    expect((await fixture.cached()).filter((path) => path.includes('refs/'))).toEqual([]); // offline finds no half model
    await expectWholeModel((await fixture.pull()).model.folder);
  });

  test('small ones are checked as git does', async () => {
    fixture.hub.faults.set('vae/config.json', [{ kind: 'corrupt' }]);
    await fixture.refuses(/vae\/config.json arrived with the git-sha1 [0-9a-f]{40}, not/);
  });

  test('because of what an earlier pull had left is fetched anew', async () => {
    fixture.hub.faults.set(UNET, [
      { kind: 'drop', after: 1_500_000 },
      ...Array(3).fill({ kind: 'drop', after: 0 }),
    ]);
    await fixture.refuses(/was lost/);
    const partial = join(blobs(), `${sha256(unet)}.dreamsteerer.incomplete`);
    const left = await readFile(partial);
    left[1000]! ^= 1;
    await writeFile(partial, left);
    fixture.hub.faults.clear();

    const { model, events } = await fixture.pull();

    expect(events).toContainEqual(expect.objectContaining({ kind: 'restarted', path: UNET }));
    await expectWholeModel(model.folder);
  });

  test('nor does a longer leftover do harm', async () => {
    fixture.hub.faults.set(
      UNET,
      Array(3)
        .fill({ kind: 'drop', after: 10 })
        .concat(Array(3).fill({ kind: 'drop', after: 0 })),
    );
    await fixture.refuses(/was lost/);
    await writeFile(join(blobs(), `${sha256(unet)}.dreamsteerer.incomplete`), Buffer.alloc(unet.length + 1));
    fixture.hub.faults.clear();
    await expectWholeModel((await fixture.pull()).model.folder);
  });
});

describe('a pull that is aborted', () => {
  test('ends with the reason, keeps what it has, and is taken up', async () => {
    fixture.hub.faults.set(UNET, [{ kind: 'hold', until: new Promise(() => undefined) }]);
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    const run = (async () => {
      for await (const event of pull(REPOSITORY, { ...fixture.options, signal: controller.signal })) {
        if (event.kind === 'progress' && event.path === UNET) controller.abort(reason);
      }
    })();
    await expect(run).rejects.toBe(reason);
    const { size } = await stat(join(blobs(), `${sha256(unet)}.dreamsteerer.incomplete`));
    expect(size).toBeGreaterThanOrEqual(2 ** 20);
    expect((await fixture.cached()).filter((path) => path.includes('lock'))).toEqual([]);

    fixture.hub.requests.length = 0;
    const { model } = await fixture.pull();
    expect(requestsFor(UNET)).toEqual([`GET ${UNET} from ${size}`]);
    await expectWholeModel(model.folder);
  });

  test('before it begins asks nothing', async () => {
    const signal = AbortSignal.abort();
    await expect(fixture.pull({ signal })).rejects.toBe(signal.reason);
    expect(fixture.hub.requests).toEqual([]);
  });

  test('by leaving its loop frees its lock and its connection', async () => {
    fixture.hub.faults.set(UNET, [{ kind: 'hold', until: new Promise(() => undefined) }]);
    for await (const event of pull(REPOSITORY, fixture.options)) {
      if (event.kind === 'progress' && event.path === UNET) break;
    }
    await expect.poll(() => fixture.hub.unfinished).toBe(0);
    expect((await fixture.cached()).filter((path) => path.includes('lock'))).toEqual([]);
    await expectWholeModel((await fixture.pull()).model.folder);
  });
});

describe('offline', () => {
  test('a full cache is enough: no connection is opened', async () => {
    const online = await fixture.pull();
    await fixture.hub.close();
    const { model, events } = await fixture.pull({ connection: 'offline', endpoint: 'http://127.0.0.1:1' });
    expect(model).toEqual(online.model);
    expect(events).toEqual([]);
  });

  test('and so it is online, for a full commit', async () => {
    await fixture.pull();
    await fixture.hub.close();
    const { model } = await fixture.pull({}, `${REPOSITORY}@${COMMIT}`);
    await expectWholeModel(model.folder);
  });

  test('an empty cache is a sentence', async () => {
    await fixture.refuses(
      /: main is not in the cache \(.*refs\/main\); pull the model once with a connection/,
      {
        connection: 'offline',
      },
    );
  });

  test.each(['unet/config.json', VAE, 'tokenizer/merges.txt', 'model_index.json'])(
    'a missing %s is named',
    async (path) => {
      const { model } = await fixture.pull();
      const { unlink, realpath } = await import('node:fs/promises');
      await unlink(await realpath(join(model.folder, path))); // the link stays and leads nowhere
      await fixture.refuses(new RegExp(`${path}.*pull the model once with a connection`), {
        connection: 'offline',
      });
      await expectWholeModel((await fixture.pull()).model.folder);
    },
  );

  test('weights of the other kind are not those asked for', async () => {
    await fixture.pull();
    await fixture.refuses(/has no fp16 weights of unet/, { connection: 'offline', variant: 'fp16' });
  });

  test('a reference that holds no commit is refused', async () => {
    const { model } = await fixture.pull();
    await writeFile(join(model.folder, '../../refs/main'), '../../../elsewhere');
    await fixture.refuses(/refs\/main holds no commit; remove it/, { connection: 'offline' });
  });
});
