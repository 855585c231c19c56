import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { flatten, type NdArray, openDevice } from '../../../src/engine/index.ts';
import { openClip } from '../../../src/files/checkpoints/index.ts';
import { writeSafetensors, writeTorchFile } from '../../../src/files/formats/index.ts';
import { holdClip, Instruments, measure, releaseClip } from '../../../src/methods/evaluation/index.ts';
import { noisePicture } from '../../methods/evaluation/pictures.ts';
import {
  holdTinyClip,
  textParameters,
  tinyTextJson,
  tinyVisionJson,
  visionParameters,
} from '../../methods/evaluation/tiny-clip.ts';
import { smallFiles } from '../../networks/clip/tokenizer/small-tokenizer.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';

const folder = temporaryFolder();

const vision = flatten<NdArray>(visionParameters);
const text = flatten<NdArray>(textParameters);
const withoutProjection = text.filter(([name]) => name !== 'text_projection.weight');
const tokenizer = (place: string) => ({
  [`${place}vocab.json`]: JSON.stringify(smallFiles.vocabulary),
  [`${place}merges.txt`]: smallFiles.merges,
});
const processor = { size: { shortest_edge: 16 }, crop_size: 16 };

type Weights = readonly (readonly [string, NdArray])[];

async function write(
  name: string,
  texts: Readonly<Record<string, unknown>>,
  weights: Readonly<Record<string, Weights>>,
): Promise<string> {
  const place = (file: string) => folder.path(`${name}/${file}`);
  for (const file of [...Object.keys(texts), ...Object.keys(weights)]) {
    await mkdir(dirname(place(file)), { recursive: true });
  }
  for (const [file, content] of Object.entries(texts)) {
    await writeFile(place(file), typeof content === 'string' ? content : JSON.stringify(content));
  }
  for (const [file, arrays] of Object.entries(weights)) {
    if (file.endsWith('.bin')) await writeTorchFile(place(file), new Map(arrays));
    else await writeSafetensors(place(file), new Map(arrays));
  }
  return folder.path(name);
}

const clipModelTexts = {
  'config.json': {
    model_type: 'clip',
    projection_dim: 6,
    text_config: tinyTextJson,
    vision_config: tinyVisionJson,
  },
  'preprocessor_config.json': processor,
  ...tokenizer(''),
};

const pipelineTexts = {
  'image_encoder/config.json': tinyVisionJson,
  'text_encoder/config.json': tinyTextJson,
  'feature_extractor/preprocessor_config.json': processor,
  ...tokenizer('tokenizer/'),
};

const layouts = [
  ['a CLIPModel', clipModelTexts, { 'model.safetensors': [...vision, ...text] }],
  ['a CLIPModel of torch.save', clipModelTexts, { 'pytorch_model.bin': [...vision, ...text] }],
  [
    'a pipeline with an image encoder',
    pipelineTexts,
    { 'image_encoder/model.safetensors': vision, 'text_encoder/model.safetensors': text },
  ],
] as const;

describe('openClip', () => {
  test.each(layouts)('%s measures as the model that was written', async (name, texts, weights) => {
    const path = await write(name, texts, weights as Readonly<Record<string, Weights>>);
    const device = await openDevice('cpu');
    try {
      const opened = await openClip(path);
      const clip = await holdClip(device, opened);
      await opened.close();
      const edit = {
        edited: noisePicture(1, 20),
        references: [{ picture: noisePicture(2, 30) }],
        caption: 'the cat',
      };
      const [ours, expected] = [
        new Instruments(device, { clip }),
        new Instruments(device, { clip: await holdTinyClip(device) }),
      ];
      for (const metric of ['clip-i', 'clip-t'] as const) {
        expect(await measure(metric, edit, ours)).toBe(await measure(metric, edit, expected));
      }
      await releaseClip(clip);
    } finally {
      await device.close();
    }
  });

  test.each([
    ['whose text tower has no projection', pipelineTexts, withoutProjection],
    ['without a text tower', { ...pipelineTexts, 'text_encoder/config.json': undefined }, undefined],
  ])('a pipeline %s compares pictures only', async (name, texts, textWeights) => {
    const given = Object.fromEntries(Object.entries(texts).filter(([, content]) => content !== undefined));
    const path = await write(name, given, {
      'image_encoder/model.safetensors': vision,
      ...(textWeights && { 'text_encoder/model.safetensors': textWeights }),
    });
    const opened = await openClip(path);
    expect(opened.text).toBeUndefined();
    await opened.close();
  });

  test.each([
    ['nothing', {}, {}, /has neither the config\.json of a CLIPModel nor an image_encoder/],
    ['no weights', clipModelTexts, {}, /has no weights; looked for model\.safetensors/],
    [
      'a missing parameter',
      clipModelTexts,
      { 'model.safetensors': [...vision.slice(1), ...text] },
      /CLIP: its tensors do not fit its configuration: 1 missing: "vision_model\./,
    ],
    [
      'no preprocessing',
      { 'config.json': clipModelTexts['config.json'] },
      { 'model.safetensors': vision },
      /has no "\.\/preprocessor_config\.json"|has no "preprocessor_config\.json"/,
    ],
    [
      'a configuration that is none',
      { ...clipModelTexts, 'config.json': { vision_config: { patch_size: 0 } } },
      { 'model.safetensors': vision },
      /config\.json: clip vision config: "patch_size" must be a whole number/,
    ],
  ] as const)('refuses a folder with %s', async (name, texts, weights, message) => {
    await mkdir(folder.path(`refused ${name}`), { recursive: true });
    const path = await write(`refused ${name}`, texts, weights as Readonly<Record<string, Weights>>);
    await expect(openClip(path)).rejects.toThrow(message);
  });
});
