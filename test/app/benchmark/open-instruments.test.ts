import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type NamedClip, openInstruments } from '../../../src/app/benchmark/runner/open-instruments.ts';
import { locateClip } from '../../../src/app/models/locate-model.ts';
import { type Device, flatten, type NdArray, openDevice, resultOf } from '../../../src/engine/index.ts';
import { writeSafetensors } from '../../../src/files/formats/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { hubFixture } from '../../files/hub/hub-cache.ts';
import { REPOSITORY } from '../../files/hub/hub-server.ts';
import { tinyVisionJson, visionParameters } from '../../methods/evaluation/tiny-clip.ts';

const folder = temporaryFolder();
const hub = hubFixture();

let device: Device;
beforeAll(async () => {
  device = await openDevice('cpu');
  for (const [name, json] of [
    ['model', { size: { shortest_edge: 16 }, crop_size: 16 }],
    ['darker', { size: { shortest_edge: 16 }, crop_size: 16, image_mean: [0.1, 0.1, 0.1] }],
  ] as const) {
    await mkdir(folder.path(`${name}/image_encoder`), { recursive: true });
    await mkdir(folder.path(`${name}/feature_extractor`));
    await writeFile(folder.path(`${name}/image_encoder/config.json`), JSON.stringify(tinyVisionJson));
    await writeFile(folder.path(`${name}/feature_extractor/preprocessor_config.json`), JSON.stringify(json));
    await writeSafetensors(
      folder.path(`${name}/image_encoder/model.safetensors`),
      flatten<NdArray>(visionParameters),
    );
  }
});
afterAll(() => device.close());
beforeEach(() => void vi.stubEnv('DREAMSTEERER_METRICS', folder.path('nowhere')));

async function open(modelFolder: string, clips: readonly NamedClip[]) {
  const { instruments, identity } = await resultOf(openInstruments(device, modelFolder, clips));
  for (const each of instruments) await each.instruments.dispose();
  return { names: instruments.map(({ name }) => name), identity };
}

const darker: NamedClip = { name: 'org/darker', folder: '' };

test('the CLIP that is named first measures, and the model has its own beside', async () => {
  const own = await open(folder.path('model'), []);
  expect(own).toMatchObject({ names: ["the model's own"], identity: [{ kind: 'CLIP' }] });
  const named = await open(folder.path('model'), [{ ...darker, folder: folder.path('darker') }]);
  expect(named.names).toEqual(['org/darker']);
  expect(named.identity.map(({ name }) => name)).toEqual(['org/darker', "the model's own"]);
  expect(named.identity[1]).toEqual(own.identity[0]);
  // They differ in how pictures are prepared alone.
  expect(named.identity[0]!.hash).not.toBe(own.identity[0]!.hash);
});

test('a CLIP is a folder, or an id of the hub', async () => {
  const names = ['config.json', 'preprocessor_config.json', 'vocab.json', 'merges.txt', 'model.safetensors'];
  hub.hub.files = new Map(names.map((name) => [name, Buffer.from(name)]));
  const located = async (pathOrId: string) => {
    return resultOf(locateClip(pathOrId, { hub: hub.options, builtInModel: '' }));
  };
  expect(await located(folder.path('darker'))).toBe(folder.path('darker'));
  expect(await located(REPOSITORY)).toContain('snapshots');
});
