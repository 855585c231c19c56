import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  HubError,
  type PullClipOptions,
  type PullEvent,
  type PulledModel,
  pullClip,
} from '../../../src/files/hub/index.ts';
import { hubFixture } from './hub-cache.ts';
import { COMMIT, REPOSITORY } from './hub-server.ts';
import { randomBytes } from './random-bytes.ts';

const fixture = hubFixture();

const small = ['config.json', 'preprocessor_config.json', 'vocab.json', 'merges.txt'];
const files = (...weights: readonly string[]) =>
  new Map(
    [...small, 'README.md', 'tf_model.h5', ...weights].map((name, seed) => [name, randomBytes(seed, 500)]),
  );

beforeEach(() => {
  fixture.hub.files = files('pytorch_model.bin', 'model.safetensors');
});

async function run(more: Partial<PullClipOptions> = {}, id = REPOSITORY) {
  const events: PullEvent[] = [];
  const pulling = pullClip(id, { ...fixture.options, ...more });
  for (;;) {
    const { done, value } = await pulling.next();
    if (done === true) return { model: value as PulledModel, events };
    events.push(value);
  }
}

const refusal = async (more: Partial<PullClipOptions> = {}): Promise<string> => {
  const error: unknown = await run(more).then(
    () => 'not refused',
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(HubError);
  return (error as HubError).message;
};

describe('pullClip', () => {
  test.each([
    [['pytorch_model.bin', 'model.safetensors'], 'model.safetensors'],
    [['pytorch_model.bin'], 'pytorch_model.bin'],
  ])('of %j brings %s and the small files', async (offered, chosen) => {
    fixture.hub.files = files(...offered);
    const { model, events } = await run();
    expect(model).toMatchObject({ commit: COMMIT, files: [...small, chosen] });
    for (const name of model.files) {
      const bytes = await readFile(join(model.folder, name));
      expect(Buffer.compare(bytes, fixture.hub.files.get(name)!), name).toBe(0);
    }
    expect(fixture.hub.requests).toHaveLength(5);
    expect(events[0]).toMatchObject({ kind: 'planned', files: 5, size: 2500, missing: 2500 });
  });

  test('offline is what was pulled, without a connection', async () => {
    const { model } = await run();
    fixture.hub.requests.length = 0;
    const offline = await run({ connection: 'offline' });
    expect({ ...offline.model, files: [...offline.model.files].sort() }).toEqual({
      ...model,
      files: [...model.files].sort(),
    });
    expect(offline.events).toEqual([]);
    expect(fixture.hub.requests).toEqual([]);
  });

  test('at a full commit nothing is asked twice', async () => {
    await run({}, `${REPOSITORY}@${COMMIT}`);
    const { listings } = fixture.hub;
    await run({}, `${REPOSITORY}@${COMMIT}`);
    expect(fixture.hub.listings).toBe(listings);
  });

  test.each([
    [
      'another kind of model',
      new Map([['config.json', randomBytes(1, 10)]]),
      'has no preprocessor_config.json',
    ],
    ['one without weights', files(), 'has no weights; looked for model.safetensors, pytorch_model.bin'],
  ])('refuses %s', async (_, offered, message) => {
    fixture.hub.files = offered;
    expect(await refusal()).toContain(message);
  });

  test('offline and never pulled, says so', async () => {
    expect(await refusal({ connection: 'offline' })).toMatch(
      /^someone\/tiny-pipeline.*main is not in the cache .*; pull the model once/,
    );
  });
});
