import { cp } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { fromNested } from '../../../src/engine/index.ts';
import {
  type ConceptCard,
  writeDiffusersFolder,
  writeSingleFile,
} from '../../../src/files/checkpoints/index.ts';
import { encodeSafetensors } from '../../../src/files/formats/index.ts';
import { makePicture, writePicture } from '../../../src/files/images/index.ts';
import { completeTask, tasks } from '../../../src/index.ts';
import { tinyModel } from '../../files/checkpoints/tiny-model.ts';
import { tinyFiles } from '../tiny-files.ts';

const folder = tinyFiles();
const look = (name: string) => completeTask('inspect', { file: folder.path(name) });

describe('inspect', () => {
  test('tells networks, sizes, types and the tokenizer of a model', async () => {
    const model = await look('model');
    const unet = [...tinyModel('SD 1.x').unet.parameters.values()];
    const parameters = unet.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(model).toMatchObject({
      kind: 'model',
      layout: 'diffusers folder',
      family: 'SD 1.x',
      networks: [{ network: 'UNet', parameters, dtypes: { float32: parameters }, surplus: [] }, {}, {}],
      tokenizer: { tokens: 519, placeholders: [] },
    });
  });

  test('names what is surplus, with the nearest name that has a place', async () => {
    const tiny = tinyModel('SD 1.x');
    const surplus = new Map([...tiny.unet.parameters, ['conv_im.weight', fromNested([1])]]);
    await writeDiffusersFolder(folder.path('surplus'), {
      ...tiny,
      unet: { ...tiny.unet, parameters: surplus },
    });
    const found = await look('surplus');
    expect(found).toMatchObject({
      networks: [{ surplus: [{ name: 'conv_im.weight', nearest: 'conv_in.weight' }] }, {}, {}],
    });
    expect(tasks.inspect.describe(found)).toContain(
      'surplus: conv_im.weight (the nearest that has a place: conv_in.weight)',
    );
  });

  test('refuses a model that lacks a tensor, and names it', async () => {
    const tiny = tinyModel('SD 1.x');
    const extras = new Map([['betas', fromNested([1])]]);
    const parameters = new Map([...tiny.unet.parameters].filter(([name]) => name !== 'conv_out.bias'));
    await writeSingleFile(
      folder.path('lacking.safetensors'),
      { ...tiny, unet: { ...tiny.unet, parameters } },
      { extras },
    );
    await expect(look('lacking.safetensors')).rejects.toThrow(
      /lacking\.safetensors: .*1 missing: "conv_out\.bias"/,
    );
  });

  test('tells rank, targets and metadata of a LoRA', async () => {
    expect(await look('lora.safetensors')).toMatchObject({
      kind: 'LoRA',
      ranks: [4],
      alphas: [2],
      networks: [
        { network: 'UNet', layers: 1 },
        { network: 'text encoder', layers: 0 },
      ],
      targets: { 'attn1.to_q': 1 },
      metadata: { ss_network_dim: '4' },
    });
  });

  test('tells words and sizes of an embedding, and what Custom Diffusion replaces', async () => {
    expect(await look('other-family.pt')).toMatchObject({
      kind: 'embedding',
      tokens: [{ token: '<dog>', tokenFrom: 'the file', vectors: 2, size: 768, dtype: 'float32' }],
    });
    const custom = await look('custom');
    expect(custom).toMatchObject({ kind: 'Custom Diffusion', tokens: [{ token: '<new1>', vectors: 1 }] });
    expect(custom).toHaveProperty('targets', { 'attn2.to_k': expect.any(Number) });
    expect(tasks.inspect.describe(custom)).toMatch(/word "<new1>" \(from the file\): 1 vector of 64 float32/);
  });

  test('tells of a concept what it is called, and how it was learned', async () => {
    await cp(folder.path('custom'), folder.path('concept'), { recursive: true });
    const card: ConceptCard = {
      format: 'dreamsteerer concept 1',
      method: { kind: 'custom-diffusion', projections: 'keys and values' },
      base: { name: 'some model', hash: 'a1' },
      tokens: [{ word: '<new1>', vectors: 1, initializer: 'ktn' }],
      phrase: '<new1> cat',
      classWord: 'cat',
      steps: 500,
      seed: 3,
      training: {},
    };
    await folder.put('concept/concept.json', JSON.stringify(card));
    const found = await look('concept');
    expect(found).toMatchObject({ kind: 'Custom Diffusion', concept: card });
    const told = tasks.inspect.describe(found);
    expect(told).toContain('  concept: "<new1> cat", one of "cat"\n');
    expect(told).toContain('  learned: by custom-diffusion in 500 steps on the model "some model", seed 3\n');
    expect(told).toMatch(/ {2}began: "<new1>" as "ktn"$/);
  });

  test('tells size, transparency and origin of a picture that says nothing of itself', async () => {
    const path = folder.path('plain.webp');
    await writePicture(path, makePicture(4, 6, new Uint8Array(72).fill(9), new Uint8Array(24).fill(128)));
    const found = await look('plain.webp');
    expect(found).toMatchObject({
      kind: 'picture',
      format: 'WebP',
      width: 6,
      height: 4,
      transparency: 'alpha channel',
    });
    expect(tasks.inspect.describe(found)).toMatch(/says nothing about how it was made$/);
  });

  test('refuses what is neither', async () => {
    await folder.put('strange.safetensors', await encodeSafetensors([['strange.weight', fromNested([1])]]));
    await folder.put('letter.txt', 'Dear reader');
    await expect(look('strange.safetensors')).rejects.toThrow(/none of its keys belongs to a model/);
    await expect(look('letter.txt')).rejects.toThrow(/is neither safetensors nor a file of torch\.save/);
  });
});
