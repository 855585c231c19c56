import { describe, expect, test } from 'vitest';
import { fromNested, zeros } from '../../../src/engine/index.ts';
import { openSingleFile, originalArrays, writeSingleFile } from '../../../src/files/checkpoints/index.ts';
import {
  type ArraySource,
  openArrays,
  writeSafetensors,
  writeTorchFile,
} from '../../../src/files/formats/index.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';
import { refused } from './refused.ts';
import { expectSameArrays } from './same-arrays.ts';
import { tinyModel } from './tiny-model.ts';

const folder = temporaryFolder();
const networks = ['unet', 'vae', 'textEncoder'] as const;
const vector = fromNested([1, 2, 3]);

describe('a model as a single file in the original naming', () => {
  test.each([
    ['SD 1.x', 'ckpt'],
    ['SD 1.x', 'safetensors'],
    ['SD 2.x', 'ckpt'],
    ['SD 2.x', 'safetensors'],
  ] as const)('has every bit of %s in .%s, and its family by its tensors', async (family, ending) => {
    const path = folder.path(`${family}.${ending}`);
    const model = tinyModel(family);
    await writeSingleFile(path, model);
    const opened = await openSingleFile(path);
    expect(opened).toMatchObject({ kind: 'single file', family });
    for (const network of networks) {
      await expectSameArrays(opened[network].parameters, model[network].parameters);
      expect(opened[network].surplus).toEqual([]);
    }
    expect(opened.unet.config.downBlocks.map(({ transformer }) => transformer?.heads)).toEqual([
      family === 'SD 1.x' ? 8 : 1,
      undefined,
    ]);
    expect(opened.textEncoder.config.activation).toBe(family === 'SD 1.x' ? 'quick_gelu' : 'gelu');
    await opened.close();
  });

  test.each([
    ['model.diffusion_model.input_blocks.2.0.op.weight', 'down_blocks.0.downsamplers.0.conv.weight'],
    ['model.diffusion_model.output_blocks.1.1.conv.bias', 'up_blocks.0.upsamplers.0.conv.bias'],
    ['model.diffusion_model.middle_block.2.in_layers.0.weight', 'mid_block.resnets.1.norm1.weight'],
    ['model.diffusion_model.out.2.bias', 'conv_out.bias'],
  ])('calls %s what diffusers calls %s', (original, name) => {
    const { unet, ...model } = tinyModel('SD 1.x');
    expect(originalArrays({ ...model, unet }).get(original)).toBe(unet.parameters.get(name));
  });

  test('keeps what belongs to no network, and writes it back', async () => {
    const path = folder.path('extras.safetensors');
    const extras = new Map<string, ArraySource>([
      ['betas', vector],
      ['model_ema.decay', fromNested(0.5)],
      ['cond_stage_model.transformer.text_model.embeddings.position_ids', fromNested([[0, 1]])],
    ]);
    await writeSingleFile(path, tinyModel('SD 1.x'), { extras });
    const opened = await openSingleFile(path);
    await expectSameArrays(opened.extras, extras);
    const copy = folder.path('extras-copy.safetensors');
    await writeSingleFile(copy, opened, { extras: opened.extras });
    const [first, second] = [await openArrays(path), await openArrays(copy)];
    await expectSameArrays(second.arrays, first.arrays);
    await Promise.all([first.close(), second.close(), opened.close()]);
  });

  test("gives the UNet's averages instead, if asked to and they are there", async () => {
    const path = folder.path('averaged.safetensors');
    const model = tinyModel('SD 1.x');
    const [name, place] = ['conv_in.bias', 'model_ema.diffusion_modelinput_blocks00bias'];
    const average = zeros([32]);
    const averages = Array.from(originalArrays(model), ([original, array]): [string, ArraySource] => [
      `model_ema.${original.replace(/^model\./, '').replaceAll('.', '')}`,
      array,
    ]).filter(([original]) => original.startsWith('model_ema.diffusion_model'));
    await writeSingleFile(path, model, { extras: new Map([...averages, [place, average]]) });
    const opened = await openSingleFile(path, { weights: 'averaged' });
    await expectSameArrays(opened.unet.parameters, new Map([...model.unet.parameters, [name, average]]));
    await opened.close();
    const without = folder.path('not-averaged.safetensors');
    await writeSingleFile(without, model);
    expect(await refused(openSingleFile(without, { weights: 'averaged' }))).toMatch(
      /has no average of "model\.diff/,
    );
  });

  test('leaves out the last of 24 layers of OpenCLIP, as Stable Diffusion 2 does', async () => {
    const path = folder.path('open-clip.safetensors');
    const model = tinyModel('SD 2.x');
    const arrays = new Map(originalArrays(model));
    for (const [name, array] of [...arrays]) {
      if (!name.includes('.resblocks.0.')) continue;
      for (let layer = 2; layer < 24; layer++) arrays.set(name.replace('.0.', `.${layer}.`), array);
    }
    arrays.set('cond_stage_model.model.text_projection', vector);
    await writeSafetensors(path, arrays);
    const opened = await openSingleFile(path);
    expect(opened.textEncoder.config.layers).toBe(23);
    expect(opened.textEncoder.surplus).toEqual([]);
    expect(opened.textEncoder.leftAside).toContain('cond_stage_model.model.text_projection');
    const copy = new Map([...originalArrays(opened), ...opened.extras]);
    await expectSameArrays(copy, arrays);
    await opened.close();
  });
});

describe('what the UNet predicts, and of which size', () => {
  const epsilon = { type: 'epsilon', cells: 64, assumptions: [] };

  const told = async (path: string, given?: 'epsilon') => {
    const opened = await openSingleFile(path, given === undefined ? {} : { prediction: given });
    await opened.close();
    return {
      type: JSON.parse(opened.schedulerConfig).prediction_type,
      cells: opened.unet.config.sampleSize,
      assumptions: opened.assumptions,
    };
  };
  const written = async (
    name: string,
    family: 'SD 1.x' | 'SD 2.x',
    metadata: Record<string, string> = {},
  ) => {
    const path = folder.path(`${name}.safetensors`);
    const arrays = originalArrays(tinyModel(family));
    await writeSafetensors(path, arrays, { metadata: new Map(Object.entries(metadata)) });
    return path;
  };

  test('is the noise in SD 1.x', async () => {
    expect(await told(await written('prediction-1', 'SD 1.x'))).toEqual(epsilon);
  });

  test('is assumed in SD 2.x, and said to be, unless it is given', async () => {
    const path = await written('prediction-2', 'SD 2.x');
    const assumed = await told(path);
    expect(assumed).toMatchObject({ type: 'v_prediction', cells: 96 });
    expect(assumed.assumptions.join()).toMatch(
      /does not say what its UNet predicts: v_prediction is assumed/,
    );
    expect(await told(path, 'epsilon')).toEqual(epsilon);
  });

  test("is told by the step at which SD 2's base model was saved", async () => {
    const path = folder.path('prediction-base.ckpt');
    await writeTorchFile(path, { state_dict: originalArrays(tinyModel('SD 2.x')), global_step: 875_000 });
    expect(await told(path)).toEqual(epsilon);
  });

  test.each([
    ['SD 1.x', 'v', { type: 'v_prediction', cells: 64, assumptions: [] }],
    ['SD 2.x', 'v', { type: 'v_prediction', cells: 96, assumptions: [] }],
    ['SD 2.x', 'epsilon', epsilon],
  ] as const)('is what the metadata of %s says: %s', async (family, prediction, expected) => {
    const path = await written(`says-${family}-${prediction}`, family, {
      'modelspec.prediction_type': prediction,
    });
    expect(await told(path)).toEqual(expected);
  });

  test.each([
    ['256x256', 128],
    ['256x384', 64],
    ['0x0', 64],
    ['large', 64],
  ])('has the side that its metadata tells, if it tells one: %s', async (resolution, cells) => {
    const path = await written(`side-${resolution}`, 'SD 1.x', { 'modelspec.resolution': resolution });
    expect(await told(path)).toEqual({ ...epsilon, cells });
  });

  test.each([
    ['{"prediction_type": "v_prediction", "lambda_min_clipped": -Infinity}', 'v_prediction'],
    ['{"beta_start": 0.00085}', 'epsilon'],
  ])('is written with it, in safetensors: %s', async (schedulerConfig, type) => {
    const path = folder.path(`written-${type}.safetensors`);
    const tiny = tinyModel('SD 2.x');
    const unet = { ...tiny.unet, configJson: { ...tiny.unet.configJson, sample_size: 16 } };
    await writeSingleFile(path, { ...tiny, unet, schedulerConfig });
    expect(await told(path)).toEqual({ type, cells: 16, assumptions: [] });
  });

  test('is the noise in a model for inpainting, which was trained from the base', async () => {
    const arrays = new Map(originalArrays(tinyModel('SD 2.x')));
    arrays.set('model.diffusion_model.input_blocks.0.0.weight', zeros([32, 9, 3, 3]));
    const path = folder.path('inpainting.safetensors');
    await writeSafetensors(path, arrays);
    expect(await told(path)).toEqual(epsilon);
  });
});

describe('a single file is refused', () => {
  const model = tinyModel('SD 1.x');
  const without = (prefix: string) =>
    new Map([...originalArrays(model)].filter(([name]) => !name.startsWith(prefix)));

  test.each([
    ['without an autoencoder', () => without('first_stage_model'), /no tensors below "first_stage_model"/],
    [
      'without one tensor of the UNet',
      () => without('model.diffusion_model.out.2.bias'),
      /UNet: its tensors do not fit its configuration: 1 missing: "conv_out.bias"/,
    ],
    [
      'of Stable Diffusion XL',
      () => new Map([...originalArrays(model), ['conditioner.embedders.0.x', vector]]),
      /is a Stable Diffusion XL checkpoint/,
    ],
    [
      'with a level of a million steps',
      () =>
        new Map([...without('model.'), ['model.diffusion_model.input_blocks.1000000.0.op.weight', vector]]),
      /unet config: .*must be a list/,
    ],
  ])('%s', async (title, arrays, message) => {
    const path = folder.path(`${title}.safetensors`);
    await writeSafetensors(path, arrays());
    const sentence = await refused(openSingleFile(path));
    expect(sentence).toMatch(message);
    expect(sentence.startsWith(path)).toBe(true);
  });
});
