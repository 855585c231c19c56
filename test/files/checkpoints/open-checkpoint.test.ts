import { mkdir, readdir, symlink } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { fromNested, normal, randomKey, zeros } from '../../../src/engine/index.ts';
import {
  openCheckpoint,
  planOfTree,
  writeCustomDiffusion,
  writeCustomDiffusionDelta,
  writeDiffusersFolder,
  writeEmbedding,
  writeLora,
  writeSingleFile,
} from '../../../src/files/checkpoints/index.ts';
import { writeSafetensors } from '../../../src/files/formats/index.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';
import { refused } from './refused.ts';
import { tinyModel } from './tiny-model.ts';

const folder = temporaryFolder();
const model = tinyModel('SD 1.x');
const base = { unet: model.unet.parameters, textEncoder: model.textEncoder.parameters };
const vectors = normal(randomKey(1), [2, 768]);
const keys = new Map([...model.unet.parameters].filter(([name]) => /attn2\.to_k/.test(name)));
const learned = { replacements: keys, embeddings: [{ token: '<new1>', vectors: zeros([1, 64]) }] };
const query = 'mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight';
const lora = {
  unet: new Map([[query, { down: zeros([4, 64]), up: zeros([64, 4]), alpha: undefined }]]),
  textEncoder: new Map(),
};

/** The sentence without the path before it. */
async function sentenceOf(path: string, options = {}): Promise<string> {
  const checkpoint = await openCheckpoint(path, options);
  await checkpoint.close();
  expect(checkpoint.sentence).not.toContain('\n');
  return checkpoint.sentence.replace(/^.*?: /, '');
}

describe('openCheckpoint says that it found', () => {
  test('a diffusers folder', async () => {
    const path = folder.path('model');
    await writeDiffusersFolder(path, model);
    expect(await sentenceOf(path)).toMatch(
      /^Stable Diffusion \(SD 1\.x\), a diffusers folder: UNet with \d+ parameters, autoencoder with \d+ parameters, text encoder with \d+ parameters \(2 layers of 64\); all \d+ parameters found$/,
    );
  });

  test('a model of the hub by its id, as it lies in the cache', async () => {
    const commit = 'a'.repeat(40);
    const model = 'hub/models--someone--tiny';
    await mkdir(folder.path(`${model}/refs`), { recursive: true });
    await mkdir(folder.path(`${model}/snapshots`));
    await folder.put(`${model}/refs/main`, commit);
    await writeDiffusersFolder(folder.path(`${model}/snapshots/${commit}`), tinyModel('SD 1.x'));
    const hub = {
      cacheFolder: folder.path('hub'),
      endpoint: 'http://localhost:1',
      connection: 'offline',
    } as const;
    expect(await sentenceOf('someone/tiny', { hub })).toMatch(
      /^Stable Diffusion \(SD 1\.x\), a diffusers folder/,
    );
    await expect(openCheckpoint('someone/other', { hub })).rejects.toThrow(
      /^someone\/other: main is not in the cache/,
    );
    expect(await refused(openCheckpoint('./someone/tiny', { hub }))).toMatch(/is not there .*check the path/);
    expect(await refused(openCheckpoint('models/lora.safetensors', { hub }))).toMatch(/is not there/);
  });

  test('a single file, whatever it is called, and what it assumed', async () => {
    const path = folder.path('single.bin');
    const extras = new Map([
      ['cond_stage_model.model.logit_scale', fromNested(1)],
      ['betas', fromNested([1, 2])],
      ['alphas_cumprod', fromNested([1, 2])],
    ]);
    const { schedulerConfig: _, ...networks } = tinyModel('SD 2.x');
    await writeSingleFile(path, networks, { extras });
    expect(await sentenceOf(path)).toMatch(
      /^Stable Diffusion \(SD 2\.x\), a single file: .*; 1 tensor left aside: "cond_stage_model.model.logit_scale"; 2 tensors of no network: "alphas_cumprod", "betas"; the file does not say what its UNet predicts/,
    );
  });

  test('a learned embedding, its token, and its family by its size', async () => {
    const path = folder.path('my-cat.safetensors');
    await writeEmbedding(path, { token: 'ignored', vectors }, { layout: 'embParams' });
    expect(await sentenceOf(path)).toBe(
      `a learned embedding in A1111's safetensors layout, emb_params: "my-cat" (name from the name of the file) with 2 vectors of 768, for SD 1.x`,
    );
    expect(await sentenceOf(path, { token: '<cat>' })).toContain('"<cat>" (name from the caller)');
  });

  test('a LoRA, and how much of it has a place in the model', async () => {
    const path = folder.path('lora.safetensors');
    await writeLora(path, lora);
    const found = "a LoRA in kohya's layout, rank 4: 1 layer of the UNet, 0 of the text encoder";
    expect(await sentenceOf(path)).toBe(found);
    expect(await sentenceOf(path, { base })).toBe(`${found}; 1 layer found in the model`);
  });

  test('Custom Diffusion, with the token beside it, by its file or its folder', async () => {
    await writeCustomDiffusion(folder.path('custom'), learned);
    const found = `Custom Diffusion in diffusers' layout (attention processors): replaces ${keys.size} weights of cross-attention`;
    for (const path of ['custom', 'custom/pytorch_custom_diffusion_weights.bin']) {
      const sentence = await sentenceOf(folder.path(path));
      expect(sentence).toContain(found);
      expect(sentence).toContain('"<new1>" (name from the file) with 1 vector of 64');
    }
  });

  test("the original repository's delta.ckpt, and not a model that lacks most of it", async () => {
    const path = folder.path('delta.ckpt');
    await writeCustomDiffusionDelta(path, learned, planOfTree(model.unet.parameters.keys()));
    const plan = planOfTree(model.unet.parameters.keys());
    expect(await sentenceOf(path, { plan })).toContain("the original repository's delta.ckpt");
  });
});

describe('openCheckpoint refuses', () => {
  test('what is not there, and a folder without a checkpoint', async () => {
    expect(await refused(openCheckpoint(folder.path('nowhere')))).toMatch(/is not there \(ENOENT\)/);
    expect(await refused(openCheckpoint(folder.path('.')))).toMatch(
      /holds no checkpoint; looked for model_index.json/,
    );
  });

  test('a file in which no key is known', async () => {
    const path = folder.path('unknown.safetensors');
    await writeSafetensors(path, [['conv.weight', vectors]]);
    expect(await refused(openCheckpoint(path))).toMatch(
      /none of its keys belongs to .* it has "conv.weight";/,
    );
  });

  test('an embedding for another family, and names the file', async () => {
    const path = folder.path('xl.safetensors');
    await writeSafetensors(path, [
      ['clip_l', vectors],
      ['clip_g', vectors],
    ]);
    const sentence = await refused(openCheckpoint(path));
    expect(sentence).toBe(
      `${path}: is an embedding for Stable Diffusion XL, with clip_l and clip_g; 1.x and 2.x are read`,
    );
  });

  test('a LoRA of which nothing has a place in the model', async () => {
    const path = folder.path('stray.safetensors');
    const [[, update]] = [...lora.unet] as [
      [string, typeof lora.unet extends Map<string, infer U> ? U : never],
    ];
    await writeLora(path, { ...lora, unet: new Map([['nowhere.weight', update]]) });
    expect(await refused(openCheckpoint(path, { base }))).toMatch(/none of its 1 layers is in the model/);
  });

  test('a token file that is a link out of the folder', async () => {
    await writeCustomDiffusion(folder.path('linked'), { ...learned, embeddings: [] });
    const secret = folder.path('secret.bin');
    await writeEmbedding(secret, { token: '<secret>', vectors });
    await symlink(secret, folder.path('linked/<secret>.bin'));
    expect(await readdir(folder.path('linked'))).toHaveLength(2);
    expect(await refused(openCheckpoint(folder.path('linked')))).toMatch(
      /"<secret>.bin" is a link that leads out/,
    );
  });
});
