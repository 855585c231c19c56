import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hubFixture } from './hub-cache.ts';
import { COMMIT, checksumOf, REPOSITORY } from './hub-server.ts';
import { NEEDED, tinyPipeline, UNET } from './tiny-pipeline.ts';

const fixture = hubFixture();

describe('pulling a pipeline', () => {
  test('brings what is needed, and nothing else, into the layout of the shared cache', async () => {
    const { model } = await fixture.pull();

    const folder = join(fixture.cache, 'models--someone--tiny-pipeline');
    expect(model).toEqual({ folder: join(folder, 'snapshots', COMMIT), commit: COMMIT, files: NEEDED });
    const files = tinyPipeline();
    for (const path of NEEDED) {
      const bytes = files.get(path)!;
      expect(Buffer.compare(await readFile(join(model.folder, path)), bytes), path).toBe(0);
      const up = path.includes('/') ? '../../../' : '../../';
      expect(await readlink(join(model.folder, path))).toBe(`${up}blobs/${checksumOf(path, bytes)}`);
    }
    expect(await readFile(join(folder, 'refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(await fixture.cached()).toHaveLength(2 * NEEDED.length + 1);
    expect(fixture.hub.requests.map((request) => request.slice(4)).sort()).toEqual([...NEEDED].sort());
  });

  test('reports a plan, progress and the end of each file', async () => {
    const { events } = await fixture.pull();
    const total = NEEDED.reduce((sum, path) => sum + tinyPipeline().get(path)!.length, 0);
    const index = tinyPipeline().get('model_index.json')!.length;
    expect(events.filter(({ kind }) => kind === 'planned')).toEqual([
      { kind: 'planned', commit: COMMIT, files: NEEDED.length, size: total, missing: total - index },
    ]);
    const unet = events.filter((event) => 'path' in event && event.path === UNET);
    expect(unet[0]).toEqual({ kind: 'file-started', path: UNET, done: 0, size: 3_000_000 });
    expect(unet.at(-1)).toEqual({ kind: 'file-finished', path: UNET, from: 'hub' });
    const steps = unet.flatMap((event) => (event.kind === 'progress' ? [event.done] : []));
    expect(steps.length).toBeGreaterThanOrEqual(2);
    expect(steps.length).toBeLessThanOrEqual(4);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(3_000_000);
    expect(events.filter(({ kind }) => kind === 'file-finished')).toHaveLength(NEEDED.length);
  });

  test('takes the half-size files if asked', async () => {
    const { model } = await fixture.pull({ variant: 'fp16' });
    expect(model.files.filter((path) => path.endsWith('.safetensors'))).toEqual([
      'unet/diffusion_pytorch_model.fp16.safetensors',
      'vae/diffusion_pytorch_model.fp16.safetensors',
      'text_encoder/model.fp16.safetensors',
    ]);
  });

  test('fetches nothing twice', async () => {
    await fixture.pull();
    fixture.hub.requests.length = 0;
    const { events } = await fixture.pull();
    expect(fixture.hub.requests).toEqual([]);
    expect(events.filter((event) => event.kind === 'file-finished' && event.from !== 'cache')).toEqual([]);
  });

  test('of a new commit fetches only what changed', async () => {
    await fixture.pull();
    fixture.hub.requests.length = 0;
    fixture.hub.commit = 'f'.repeat(40);
    fixture.hub.files.set('unet/config.json', Buffer.from('{"in_channels": 9}'));
    const { model } = await fixture.pull();
    expect(fixture.hub.requests).toEqual(['GET unet/config.json']);
    expect(await readFile(join(model.folder, 'unet/config.json'), 'utf8')).toBe('{"in_channels": 9}');
    expect(await readFile(join(model.folder, '../../refs/main'), 'utf8')).toBe('f'.repeat(40));
  });

  test('of a revision with a slash keeps its reference', async () => {
    const { model } = await fixture.pull({}, `${REPOSITORY}@refs/pr/1`);
    expect(await readFile(join(model.folder, '../../refs/refs/pr/1'), 'utf8')).toBe(COMMIT);
    const offline = await fixture.pull({ connection: 'offline' }, `${REPOSITORY}@refs/pr/1`);
    expect(offline.model).toEqual({ ...model, files: expect.arrayContaining([...NEEDED]) });
  });

  test('sends the token to the hub and to nobody else', async () => {
    fixture.hub.token = 'hf_secret';
    await fixture.pull({ token: 'hf_secret' });
    expect(fixture.hub.requests).toContain(`GET ${UNET}`); // it came from the other host
    expect(fixture.hub.leakedTokens).toEqual([]);
  });
});

describe('what the hub refuses', () => {
  test.each([
    [401, /there is none, or it needs a token \(401\); check the id, or set HF_TOKEN/],
    [403, /your token may not read it \(403\); accept its licence on http.*someone\/tiny-pipeline/],
    [404, /is not there \(404\); check the id and the revision/],
    [429, /the hub answered with status 429; try again later/],
    [503, /the hub answered with status 503; try again later/],
    [418, /the hub answered with status 418; check the id and the endpoint/],
  ])('%d is a sentence', async (status, message) => {
    fixture.hub.refusal = status;
    await fixture.refuses(message);
    expect(await fixture.cached()).toEqual([]);
  });

  test('a file that keeps failing is named', async () => {
    fixture.hub.faults.set('unet/config.json', Array(5).fill({ kind: 'status', status: 500 }));
    await fixture.refuses(/: the connection for unet\/config.json was lost \(overloaded\); try again$/);
    expect(fixture.hub.requests.filter((request) => request.includes('unet/config'))).toHaveLength(3);
  });

  test('a revision that is not there', async () => {
    await fixture.refuses(/^someone\/tiny-pipeline@v9: is not there \(404\)/, {}, `${REPOSITORY}@v9`);
  });

  test('a token that is none, without repeating it', async () => {
    await expect(fixture.pull({ token: 'my secret' })).rejects.toThrow(
      /^the token of the hub \(HF_TOKEN\) begins with hf_(?!.*secret)/,
    );
  });
});

describe('what a repository lacks', () => {
  test.each([
    ['vae/config.json', 'full', /has no vae\/config.json; it is not a whole/],
    ['scheduler/scheduler_config.json', 'full', /has no scheduler\/scheduler_config.json/],
    [
      'tokenizer/vocab.json',
      'full',
      /has neither tokenizer\/vocab.json with tokenizer\/merges.txt nor tokenizer\/tokenizer.json/,
    ],
    [
      'vae/diffusion_pytorch_model.safetensors',
      'full',
      /has no vae\/diffusion_pytorch_model.safetensors.*it has fp16 weights: ask for those/,
    ],
    [
      'vae/diffusion_pytorch_model.fp16.safetensors',
      'fp16',
      /has no fp16 weights of vae .*; ask for the full ones/,
    ],
    ['model_index.json', 'full', /has no model_index.json; it is not a diffusers pipeline/],
  ] as const)('%s', async (path, variant, message) => {
    fixture.hub.files.delete(path);
    await fixture.refuses(message, { variant });
  });

  test('safetensors: then pickles will do', async () => {
    fixture.hub.files.delete(UNET);
    expect((await fixture.pull()).model.files).toContain('unet/diffusion_pytorch_model.bin');
  });

  test.each([
    ['{"_class_name": "StableDiffusionXLPipeline"}', /its pipeline is "StableDiffusionXLPipeline", not/],
    ['{"_class_name": "StableDiffusionPipeline"}', /its model_index.json names no unet/],
    ['[]', /its model_index.json is no JSON object/],
    ['{', /has a model_index.json that cannot be read/],
    [`{"a": "${'x'.repeat(2 ** 20)}"}`, /has a model_index.json of \d+ bytes, more than/],
  ])('its index says %s', async (text, message) => {
    fixture.hub.files.set('model_index.json', Buffer.from(text));
    await fixture.refuses(message);
    expect(fixture.hub.requests).toEqual(['GET model_index.json']);
  });
});
