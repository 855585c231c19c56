import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  castArray,
  flatten,
  type NdArray,
  normal,
  randomKey,
  unflatten,
  zeros,
} from '../../../src/engine/index.ts';
import {
  applyCustomDiffusion,
  type CustomDiffusion,
  openCustomDiffusion,
  planOfTree,
  readEmbedding,
  writeCustomDiffusion,
  writeCustomDiffusionDelta,
} from '../../../src/files/checkpoints/index.ts';
import { openArrays, writeSafetensors, writeTorchFile } from '../../../src/files/formats/index.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';
import { refused } from './refused.ts';
import { expectSameArrays } from './same-arrays.ts';
import { tinyModel } from './tiny-model.ts';

const folder = temporaryFolder();
const { parameters } = tinyModel('SD 1.x').unet;
const plan = planOfTree(parameters.keys());
const vectors = normal(randomKey(1), [1, 64]);
const replaced = (pattern: RegExp) =>
  new Map([...parameters].filter(([name]) => pattern.test(name)) as [string, NdArray][]);
const learned: CustomDiffusion = {
  replacements: replaced(/attn2\.to_[kv]/),
  embeddings: [
    { token: '<new1>', vectors },
    { token: '<new2>', vectors: normal(randomKey(2), [1, 64]) },
  ],
};

describe('Custom Diffusion that was written', () => {
  test.each([
    ['torch', 'bin', /attn2\.to_[kv]/],
    ['safetensors', 'safetensors', /attn2\.to_/],
  ] as const)("has every bit in diffusers' files, %s", async (format, ending, pattern) => {
    const path = folder.path(format);
    const saved = { ...learned, replacements: replaced(pattern) };
    await writeCustomDiffusion(path, saved, { format });
    expect((await readdir(path)).sort()).toEqual([
      `<new1>.${ending}`,
      `<new2>.${ending}`,
      `pytorch_custom_diffusion_weights.${ending}`,
    ]);
    const file = await openCustomDiffusion(`${path}/pytorch_custom_diffusion_weights.${ending}`);
    await expectSameArrays(file.replacements, saved.replacements);
    expect(file).toMatchObject({ layout: 'diffusers', unknownKeys: [], embeddings: [] });
    await file.close();
    const [embedding] = (await readEmbedding(`${path}/<new2>.${ending}`)).embeddings;
    expect(embedding).toMatchObject(saved.embeddings[1]!);
  });

  test('has an empty dict for each self-attention, as diffusers does', async () => {
    await writeCustomDiffusion(folder.path('empty'), learned);
    const file = await openArrays(folder.path('empty/pytorch_custom_diffusion_weights.bin'));
    const content = file.format === 'torch' && file.content instanceof Map ? file.content : new Map();
    expect(content.get('mid_block.attentions.0.transformer_blocks.0.attn1.processor')).toEqual(new Map());
    await file.close();
  });

  test("has every bit in the original repository's delta.ckpt", async () => {
    const path = folder.path('delta.ckpt');
    await writeCustomDiffusionDelta(path, learned, plan);
    const file = await openCustomDiffusion(path, { plan, tokens: ['<mine>'] });
    await expectSameArrays(file.replacements, learned.replacements);
    expect(file.layout).toBe('originalDelta');
    expect(file.embeddings.map(({ token, tokenFrom }) => [token, tokenFrom])).toEqual([
      ['<mine>', 'the caller'],
      ['<new2>', 'the habit of its training'],
    ]);
    expect(file.embeddings.map((each) => each.vectors)).toEqual(
      learned.embeddings.map((each) => each.vectors),
    );
    await file.close();
  });

  test('has no token that leads out of its folder', async () => {
    const embeddings = [{ token: '../../evil', vectors }];
    const work = writeCustomDiffusion(folder.path('evil'), { ...learned, embeddings });
    expect(await refused(work)).toMatch(/the token "..\/..\/evil" cannot be the name of a file/);
    expect(await readdir(folder.path('.'))).not.toContain('evil');
  });
});

describe('Custom Diffusion that others wrote', () => {
  test("may be the original repository's delta.bin", async () => {
    const path = folder.path('delta.bin');
    await writeTorchFile(path, {
      unet: learned.replacements,
      modifier_token: { '<new1>': normal(randomKey(1), [64]) },
    });
    const file = await openCustomDiffusion(path);
    await expectSameArrays(file.replacements, learned.replacements);
    expect(file.embeddings).toEqual([
      {
        token: '<new1>',
        tokenFrom: 'the file',
        vectors: { ...vectors, data: normal(randomKey(1), [64]).data },
      },
    ]);
    await file.close();
  });

  test('is refused where it is compressed', async () => {
    const path = folder.path('compressed.bin');
    await writeTorchFile(path, { unet: { 'a.attn2.to_k.weight': { u: vectors, v: vectors } } });
    expect(await refused(openCustomDiffusion(path))).toMatch(
      /"a.attn2.to_k.weight" is no tensor: the file is compressed/,
    );
  });

  test('is refused where it is of whole numbers', async () => {
    const path = folder.path('quantized.safetensors');
    const name = 'mid_block.attentions.0.transformer_blocks.0.attn2.processor.to_k_custom_diffusion.weight';
    await writeSafetensors(path, [[name, castArray(zeros([64, 64]), 'uint8')]]);
    expect(await refused(openCustomDiffusion(path))).toMatch(/attn2.to_k.weight" is uint8, expected floats/);
  });

  test('is refused where it is something else', async () => {
    const path = folder.path('other.bin');
    await writeTorchFile(path, { 'conv.weight': vectors });
    expect(await refused(openCustomDiffusion(path))).toMatch(/holds no weights of Custom Diffusion/);
  });
});

describe('applying', () => {
  const tree = unflatten<NdArray>([
    ['a.attn2.to_k.weight', zeros([2, 2])],
    ['b', zeros([1])],
  ]);

  test('replaces what it names, and nothing else', async () => {
    const weight = normal(randomKey(3), [2, 2]);
    const applied = new Map(
      flatten<NdArray>(await applyCustomDiffusion(tree, new Map([['a.attn2.to_k.weight', weight]]))),
    );
    expect(applied.get('a.attn2.to_k.weight')).toBe(weight);
    expect(applied.get('b')).toEqual(zeros([1]));
  });

  test.each([
    ['a.attn2.to_q.weight', [2, 2], /no "a.attn2.to_q.weight" that .*, the nearest is "a.attn2.to_k.weight"/],
    ['a.attn2.to_k.weight', [2, 3], /by \[2, 3\], the model has it as \[2, 2\]/],
  ] as const)('is refused for %s %j', async (name, shape, message) => {
    expect(await refused(applyCustomDiffusion(tree, new Map([[name, zeros(shape)]])))).toMatch(message);
  });
});
