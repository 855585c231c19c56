import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { castArray, fromNested, type NdArray } from '../../../src/engine/index.ts';
import {
  openDiffusersFolder,
  readTokenizer,
  type WritableModel,
  writeDiffusersFolder,
} from '../../../src/files/checkpoints/index.ts';
import { type ArraySource, writeSafetensors, writeTorchFile } from '../../../src/files/formats/index.ts';
import { parseSchedulerConfig } from '../../../src/methods/diffusion/index.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';
import { refused } from './refused.ts';
import { expectSameArrays } from './same-arrays.ts';
import { tinyModel } from './tiny-model.ts';

const folder = temporaryFolder();
const networks = ['unet', 'vae', 'textEncoder'] as const;
const model = tinyModel('SD 1.x');
let count = 0;

/** A folder of its own for a test that changes files. */
async function written(changed: Partial<WritableModel> = {}): Promise<string> {
  const path = folder.path(`model-${count++}`);
  await writeDiffusersFolder(path, { ...model, ...changed });
  return path;
}

const opening = async (path: string) => {
  const opened = await openDiffusersFolder(path);
  await opened.close();
};

const withVae = (change: (name: string, array: ArraySource) => readonly [string, ArraySource][]) => ({
  vae: {
    ...model.vae,
    parameters: new Map([...model.vae.parameters].flatMap(([name, array]) => change(name, array))),
  },
});

describe('a diffusers folder that was written', () => {
  test.each(['SD 1.x', 'SD 2.x'] as const)('has every bit of a model of %s', async (family) => {
    const path = folder.path(`round-trip ${family}`);
    const saved = tinyModel(family);
    await writeDiffusersFolder(path, saved);
    const opened = await openDiffusersFolder(path);
    for (const network of networks) {
      await expectSameArrays(opened[network].parameters, saved[network].parameters);
      expect(opened[network].configJson).toEqual(saved[network].configJson);
    }
    expect(opened).toMatchObject({
      kind: 'diffusers folder',
      family,
      schedulerConfig: saved.schedulerConfig,
    });
    expect((await readTokenizer(path, opened.tokenizerFiles)).vocabulary.get('cat</w>')).toBe(514);
    await opened.close();
  });

  test('holds half floats where asked to', async () => {
    const path = folder.path('half');
    await writeDiffusersFolder(path, model, { floats: 'float16' });
    const opened = await openDiffusersFolder(path);
    await expectSameArrays(opened.unet.parameters, model.unet.parameters, 'float16');
    await opened.close();
  });

  test.each([
    '{"prediction_type": "epsilon", "lambda_min_clipped": -Infinity}',
    '{"lambda_min_clipped": -Infinity}',
  ])('predicts what it is told to, against %s', async (schedulerConfig) => {
    const path = await written({ schedulerConfig });
    const opened = await openDiffusersFolder(path, { prediction: 'v_prediction' });
    const config = parseSchedulerConfig(opened.schedulerConfig);
    expect(config).toEqual({
      prediction_type: 'v_prediction',
      lambda_min_clipped: Number.NEGATIVE_INFINITY,
    });
    await opened.close();
  });

  test('is not written over what is there, unless asked to', async () => {
    const path = await written();
    expect(await refused(writeDiffusersFolder(path, model))).toMatch(/exists already; choose another name/);
    await writeDiffusersFolder(path, tinyModel('SD 2.x'), { existing: 'replace' });
    const opened = await openDiffusersFolder(path);
    expect(opened.family).toBe('SD 2.x');
    await opened.close();
    expect((await readdir(folder.path('.'))).filter((name) => /\.(part|old)$/.test(name))).toEqual([]);
  });

  test('is there whole or not at all', async () => {
    const path = folder.path('failed');
    const failing = {
      dtype: 'float32',
      shape: [1],
      read: () => Promise.reject(new Error('the disk is gone')),
    };
    const parameters = new Map<string, ArraySource>([...model.vae.parameters, ['z', failing as ArraySource]]);
    const work = writeDiffusersFolder(path, { ...model, vae: { ...model.vae, parameters } });
    await expect(work).rejects.toThrow('the disk is gone');
    expect((await readdir(folder.path('.'))).filter((name) => name.startsWith('failed'))).toEqual([]);
  });
});

describe('a diffusers folder that others wrote', () => {
  const unetFile = 'unet/diffusion_pytorch_model.safetensors';

  test('may have the fp16 variant only', async () => {
    const path = await written();
    await rename(join(path, unetFile), join(path, 'unet/diffusion_pytorch_model.fp16.safetensors'));
    await opening(path);
    expect(await refused(openDiffusersFolder(path, { variant: 'bf16' }))).toMatch(
      /no weights; looked for .*bf16/,
    );
    expect(await refused(openDiffusersFolder(path, { variant: '../x' }))).toMatch(/a variant is a word/);
  });

  test('may have its weights as a torch file', async () => {
    const path = await written();
    await rm(join(path, 'text_encoder/model.safetensors'));
    await writeTorchFile(join(path, 'text_encoder/pytorch_model.bin'), model.textEncoder.parameters);
    const opened = await openDiffusersFolder(path);
    await expectSameArrays(opened.textEncoder.parameters, model.textEncoder.parameters);
    await opened.close();
  });

  test('may have its weights in shards, which lie inside it', async () => {
    const path = await written();
    await rm(join(path, unetFile));
    const names = [...model.unet.parameters.keys()];
    const shard = (index: number) => `diffusion_pytorch_model-0000${index + 1}-of-00002.safetensors`;
    for (const index of [0, 1]) {
      const part = [...model.unet.parameters].filter((_, place) => place % 2 === index);
      await writeSafetensors(join(path, 'unet', shard(index)), part);
    }
    const index = join(path, 'unet/diffusion_pytorch_model.safetensors.index.json');
    const map = Object.fromEntries(names.map((name, place) => [name, shard(place % 2)]));
    await writeFile(index, JSON.stringify({ weight_map: map }));
    await opening(path);
    await writeFile(
      index,
      JSON.stringify({ weight_map: { ...map, [names[0]!]: '../../../secret.safetensors' } }),
    );
    expect(await refused(openDiffusersFolder(path))).toMatch(/not a path inside its folder; do not trust/);
  });

  test('may have the names of diffusers before 0.17, and harmless extras', async () => {
    const old: Readonly<Record<string, string>> = {
      to_q: 'query',
      to_k: 'key',
      to_v: 'value',
      'to_out.0': 'proj_attn',
    };
    const vae = withVae((name, array) => [
      [name.replace(/\b(to_[qkv]|to_out\.0)\b/, (modern) => old[modern]!), array],
    ]);
    const ids = fromNested([[0, 1, 2]]);
    const textEncoder = {
      ...model.textEncoder,
      parameters: new Map([...model.textEncoder.parameters, ['text_model.embeddings.position_ids', ids]]),
    };
    const opened = await openDiffusersFolder(await written({ ...vae, textEncoder }));
    await expectSameArrays(opened.vae.parameters, model.vae.parameters);
    expect(opened.textEncoder.leftAside).toEqual(['text_model.embeddings.position_ids']);
    await opened.close();
  });

  test('lists surplus tensors', async () => {
    const vae = withVae((name, array) =>
      name === 'quant_conv.bias'
        ? [
            [name, array],
            ['loss.weight', array],
          ]
        : [[name, array]],
    );
    const opened = await openDiffusersFolder(await written(vae));
    expect(opened.vae.surplus).toEqual(['loss.weight']);
    await opened.close();
  });

  test('must have every parameter: names the missing, the misshapen and the nearest', async () => {
    const vae = withVae((name, array) => {
      if (name === 'quant_conv.weight') return [['quant_konv.weight', array]];
      if (name === 'post_quant_conv.bias') return [[name, fromNested([1, 2, 3])]];
      return [[name, array]];
    });
    const sentence = await refused(openDiffusersFolder(await written(vae)));
    expect(sentence).toContain('autoencoder: its tensors do not fit its configuration');
    expect(sentence).toContain('1 missing: "quant_conv.weight" (nearest: "quant_konv.weight")');
    expect(sentence).toContain('1 misshapen: "post_quant_conv.bias" is [3], expected [4]');
    expect(sentence).toContain('1 not known: "quant_konv.weight"');
  });

  test('must have its parameters in floats: quantized ones would be noise', async () => {
    const vae = withVae((name, array) => [
      [name, name === 'quant_conv.weight' ? castArray(array as NdArray, 'int32') : array],
    ]);
    expect(await refused(openDiffusersFolder(await written(vae)))).toMatch(
      /1 not of floats: "quant_conv.weight" is int32 \(quantized weights are not read\)/,
    );
  });
});

describe('a hostile folder', () => {
  test.each([
    [
      'a config that asks for a million channels',
      'unet/config.json',
      { block_out_channels: [1_000_000, 64] },
      /16384/,
    ],
    ['a config that is a list', 'vae/config.json', [1], /is not an object/],
    [
      'another pipeline',
      'model_index.json',
      { _class_name: 'X', transformer: ['diffusers', 'T'] },
      /"transformer"/,
    ],
    [
      'another text encoder',
      'model_index.json',
      { ...classes(), text_encoder: ['transformers', 'T5'] },
      /a "T5"/,
    ],
  ])('is refused: %s', async (_, file, content, message) => {
    const path = await written();
    const before = file.startsWith('unet') ? JSON.parse(await readFile(join(path, file), 'utf8')) : undefined;
    await writeFile(
      join(path, file),
      JSON.stringify(before === undefined ? content : { ...before, ...content }),
    );
    const sentence = await refused(openDiffusersFolder(path));
    expect(sentence).toMatch(message);
    expect(sentence.startsWith(path)).toBe(true);
  });

  test('is refused where a link leads out of it', async () => {
    const path = await written();
    const secret = await folder.put('secret.json', '{}');
    await rm(join(path, 'vae/config.json'));
    await symlink(secret, join(path, 'vae/config.json'));
    expect(await refused(openDiffusersFolder(path))).toMatch(/"vae\/config.json" is a link that leads out/);
  });

  test("is not what the hub's cache is: its links lead to the blobs beside it", async () => {
    const cached = folder.path('models--owner--name');
    await mkdir(join(cached, 'blobs'), { recursive: true });
    await mkdir(join(cached, 'snapshots'));
    const path = join(cached, 'snapshots', 'abc');
    await rename(await written(), path);
    await rename(join(path, 'vae/config.json'), join(cached, 'blobs', '1234'));
    await symlink('../../../blobs/1234', join(path, 'vae/config.json'));
    await opening(path);
  });

  test('is refused where a part is absent', async () => {
    const path = await written();
    await rm(join(path, 'vae/config.json'));
    expect(await refused(openDiffusersFolder(path))).toMatch(
      /has no "vae\/config.json"; there is "diffusion_/,
    );
    await rm(join(path, 'tokenizer'), { recursive: true });
    expect(await refused(openDiffusersFolder(path))).toMatch(/neither vocab.json with merges.txt nor/);
  });
});

function classes() {
  return {
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
    tokenizer: ['transformers', 'CLIPTokenizer'],
  };
}
