import { expect, it } from 'vitest';
import { castArray, fromNested, type NdArray } from '../../../src/engine/arrays/index.ts';
import {
  type ArrayFile,
  isLazyArray,
  type LazyArray,
  openArrays,
  type PlainMap,
} from '../../../src/files/formats/index.ts';
import { describeGolden, goldenPath } from '../../golden.ts';
import { bitsOf } from './arbitrary-arrays.ts';

/** Every array of a file, read. */
async function read(...path: readonly string[]): Promise<Map<string, NdArray>> {
  const file = await openArrays(goldenPath(...path));
  const arrays = new Map<string, NdArray>();
  for (const [name, array] of file.arrays) arrays.set(name, await array.read());
  await file.close();
  return arrays;
}

async function contentOf(...path: readonly string[]) {
  const file = await openArrays(goldenPath(...path));
  await file.close();
  if (file.format !== 'torch') throw new Error(`${file.name} is ${file.format}`);
  return file.content;
}

const shapesOf = (file: ArrayFile) =>
  Object.fromEntries([...file.arrays].map(([name, { dtype, shape }]) => [name, [dtype, ...shape]]));

describeGolden('files that torch.save wrote', () => {
  it.each([
    ['torch_save/clip_text_pytorch_model.bin', 'clip_text/model.safetensors'],
    ['torch_save/clip_text_legacy_format.bin', 'clip_text/model.safetensors'],
    ['metrics/lpips_alex_lin_v0.1.pth', 'metrics/lpips_alex_lin_v0.1.safetensors'],
    ['metrics/lpips_vgg_lin_v0.1.pth', 'metrics/lpips_vgg_lin_v0.1.safetensors'],
    [
      'personalization/lora_diffusers/pytorch_lora_weights.bin',
      'personalization/lora_diffusers/pytorch_lora_weights.safetensors',
    ],
    ['personalization/custom_diffusion_kv/<new1>.bin', 'personalization/custom_diffusion_kv/safe/<new1>.bin'],
    [
      'personalization/textual_inversion/learned_embeds_multi.bin',
      'personalization/textual_inversion/learned_embeds_multi.safetensors',
    ],
  ])('%s hold the bits of %s', async (torchPath, safetensorsPath) => {
    const expected = await read(safetensorsPath);
    const actual = await read(torchPath);
    expect(new Set(actual.keys())).toEqual(new Set(expected.keys()));
    expect(expected.size).toBeGreaterThan(0);
    for (const [name, array] of expected) expect(bitsOf(actual.get(name)!)).toEqual(bitsOf(array));
  });

  it.each(['edge_cases.pt', 'edge_cases_legacy_format.pt'])(
    '%s hold every dtype, views, parameters, scalars and empty tensors',
    async (name) => {
      const expected = await read('torch_save', 'edge_cases_values.safetensors');
      const actual = await read('torch_save', name);
      expect(expected.size).toBe(19);
      for (const [key, array] of expected) {
        const found = actual.get(`state_dict.${key}`)!;
        expect(bitsOf(key === 'bf16' ? castArray(found, 'float32') : found), key).toEqual(bitsOf(array));
      }
    },
  );

  it('hold Python objects as plain data', async () => {
    const file = await openArrays(goldenPath('torch_save', 'edge_cases.pt'));
    const content = new Map(file.format === 'torch' ? (file.content as PlainMap) : []);
    expect((content.get('nested') as PlainMap).get('list')).toEqual([1, 2.5, 'text', null, true, [1, 2]]);
    expect(isLazyArray(content.get('np_array'))).toBe(true);
    for (const key of ['state_dict', 'nested', 'np_array']) content.delete(key);
    expect(Object.fromEntries(content)).toEqual({
      big_int: 2 ** 40,
      np_float: 1.5,
      unicode: 'naïve 🐱',
      size: [1, 2],
      dtype: 'torch.float16',
      set: [1, 2],
    });
    const array = await file.arrays.get('np_array')!.read();
    expect(array).toEqual(
      fromNested([
        [0, 1, 2],
        [3, 4, 5],
      ]),
    );
    await file.close();
  });

  it('hold an nn.ParameterDict as a dict', async () => {
    const file = await openArrays(
      goldenPath('personalization/textual_inversion/original_repo_embeddings.pt'),
    );
    expect(shapesOf(file)).toEqual({
      'string_to_token.*': ['int64'],
      'string_to_param.*': ['float32', 3, 32],
    });
    expect((await file.arrays.get('string_to_token.*')!.read()).data[0]).toBe(265n);
    const golden = await read('personalization/textual_inversion/learned_embeds_multi.safetensors');
    const [multi] = golden.values();
    expect(await file.arrays.get('string_to_param.*')!.read()).toEqual(multi);
    await file.close();
  });

  it('hold half parameters and the step beside them', async () => {
    const content = await contentOf('personalization/textual_inversion/a1111_half_parameter.pt');
    expect(content).toBeInstanceOf(Map);
    const param = (content as ReadonlyMap<string, ReadonlyMap<string, LazyArray>>).get('string_to_param')!;
    expect(param.get('*')).toMatchObject({ dtype: 'float16', shape: [1, 32] });
  });

  it('hold an empty dict for every self-attention', async () => {
    const content = (await contentOf(
      'personalization/custom_diffusion_kv/pytorch_custom_diffusion_weights.bin',
    )) as PlainMap;
    const dicts = [...content].filter(([, item]) => item instanceof Map);
    expect(dicts).toHaveLength(16);
    for (const [name, item] of dicts)
      expect([name, item]).toEqual([expect.stringMatching(/attn1/), new Map()]);
  });

  it('hold a whole single-file checkpoint, whose half-precision copy is it rounded', async () => {
    const full = await read('personalization/ldm_single_file/model.ckpt');
    const half = await read('personalization/ldm_single_file/model_fp16.safetensors');
    expect([half.size, full.size]).toEqual([971, 971]);
    for (const [name, array] of half) {
      const original = full.get(`state_dict.${name}`)!;
      expect(bitsOf(castArray(original, array.dtype)), name).toEqual(bitsOf(array));
    }
  });

  it('are refused if they would run something', async () => {
    await expect(openArrays(goldenPath('torch_save', 'must_be_refused.pt'))).rejects.toThrow(
      /must_be_refused\.pt: pickle byte \d+: asks for "__builtin__\.print", which is not on the list/,
    );
  });
});

describeGolden('safetensors files of the reference', () => {
  it('hold metadata, names, dtypes and shapes', async () => {
    const file = await openArrays(goldenPath('unet_sd1/diffusion_pytorch_model.safetensors'));
    expect(file.format).toBe('safetensors');
    expect([...file.metadata]).toEqual([['format', 'pt']]);
    expect(file.arrays.size).toBe(684);
    expect(file.arrays.get('conv_in.weight')).toMatchObject({ dtype: 'float32', shape: [16, 4, 3, 3] });
    await file.close();
  });
});
