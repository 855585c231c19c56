import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resultOf } from '../../../src/engine/index.ts';
import { locateConcept } from '../../../src/files/checkpoints/index.ts';
import { hubFixture } from './hub-cache.ts';
import { REPOSITORY } from './hub-server.ts';
import { randomBytes } from './random-bytes.ts';
import { tinyPipeline } from './tiny-pipeline.ts';

const fixture = hubFixture();

const offer = (...names: readonly string[]) => {
  fixture.hub.files = new Map(
    ['README.md', '.gitattributes', ...names].map((name, seed) => [name, randomBytes(seed, 200)]),
  );
};

async function locate(id: string, connection: 'online' | 'offline' = 'online'): Promise<string> {
  return resultOf(locateConcept(id, { hub: { ...fixture.options, connection } }));
}

const requested = () => fixture.hub.requests.map((request) => request.slice('GET '.length)).sort();

describe('a concept of the hub', () => {
  test.each([
    ['the one file that there is', ['style.safetensors'], '', 'style.safetensors', []],
    ['what training saved', ['learned_embeds.bin', 'optimizer.pt'], '', 'learned_embeds.bin', []],
    [
      'Custom Diffusion with its tokens',
      ['pytorch_custom_diffusion_weights.bin', '<new1>.bin', 'other.bin'],
      '',
      'pytorch_custom_diffusion_weights.bin',
      ['<new1>.bin'],
    ],
    [
      'Custom Diffusion in a folder, with the tokens beside it',
      ['cat/pytorch_custom_diffusion_weights.bin', 'cat/<new2>.bin', '<new1>.bin'],
      '/cat/pytorch_custom_diffusion_weights.bin',
      'pytorch_custom_diffusion_weights.bin',
      ['<new2>.bin'],
    ],
    [
      'a file that is named',
      ['a.safetensors', 'loras/b.safetensors'],
      '/loras/b.safetensors',
      'b.safetensors',
      [],
    ],
    ['a file of a revision', ['a.safetensors', 'b.pt'], '/b.pt@main', 'b.pt', []],
  ] as const)('is %s', async (_, names, file, found, beside) => {
    offer(...names);
    const id = `${REPOSITORY}${file}`;
    const path = await locate(id);
    expect(basename(path)).toBe(found);
    const listed = [...fixture.hub.files].find(([name]) => basename(name) === found)!;
    expect(await readFile(path)).toEqual(listed[1]);
    expect(requested().map((name) => basename(name))).toEqual([found, ...beside].sort());
    expect(await locate(id, 'offline')).toBe(path);
  });

  test('is a folder with a card, of which the files beside it are taken', async () => {
    offer('concept.json', 'learned_embeds.safetensors', 'checkpoint-500/model.safetensors');
    const path = await locate(REPOSITORY);
    expect(requested()).toEqual(['concept.json', 'learned_embeds.safetensors']);
    expect(await readFile(`${path}/concept.json`)).toEqual(fixture.hub.files.get('concept.json'));
  });

  test('is a whole model, of which only what is needed is taken', async () => {
    fixture.hub.files = tinyPipeline();
    const path = await locate(REPOSITORY);
    expect(await readFile(`${path}/model_index.json`)).toEqual(fixture.hub.files.get('model_index.json'));
    expect(requested().some((name) => name.startsWith('unet/'))).toBe(true);
    expect(await locate(REPOSITORY, 'offline')).toBe(path);
  });

  test.each([
    [
      'several files',
      ['a.safetensors', 'b.bin'],
      '',
      /several files of weights \("a.safetensors", "b.bin"\); name one/,
    ],
    ['no weights', [], '', /has no weights; looked for pytorch_custom_diffusion_weights/],
    ['a file that is not there', ['a.bin'], '/b.bin', /has no "b.bin"; its weights are "a.bin"/],
  ] as const)('is refused: %s', async (_, names, file, message) => {
    offer(...names);
    await expect(locate(`${REPOSITORY}${file}`)).rejects.toThrow(message);
  });

  test.each([
    'photos/cat.png',
    'my/photos/cat.JPG',
    'loras/style.safetensors',
    './someone/style',
    'src/files/none.bin',
    'a/b/../c.bin',
    'style',
  ])('is not asked for by a path: %s', async (path) => {
    await expect(locate(path)).rejects.toThrow(/is not there .*; check the path, or give what is on the hub/);
    expect(fixture.hub.listings).toBe(0);
  });

  test('that is there on this disk is a path', async () => {
    expect(await locate('test/files/hub')).toBe('test/files/hub');
  });
});
