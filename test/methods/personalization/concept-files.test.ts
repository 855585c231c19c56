import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Device,
  flatten,
  full,
  type LazySource,
  type NdArray,
  normal,
  openDevice,
  randomKey,
} from '../../../src/engine/index.ts';
import {
  type ConceptCard,
  hashModel,
  type OpenedConcept,
  readConcept,
  writeConcept,
  writeEmbedding,
  writeLora,
} from '../../../src/files/checkpoints/index.ts';
import type { PromptedModel } from '../../../src/methods/diffusion/index.ts';
import {
  applyConcept,
  conceptCard,
  conceptOfLearned,
  defineConcept,
  learnedOfConcept,
  personalizationPreset,
  type SettingsOf,
} from '../../../src/methods/personalization/index.ts';
import { temporaryFolder } from '../../files/formats/temporary-folder.ts';
import { holdTiny, tinyPipeline } from './tiny-pipeline.ts';

const folder = temporaryFolder();
let device: Device;
let base: PromptedModel;
beforeAll(async () => {
  device = await openDevice('cpu', { threads: 1 });
  base = await holdTiny(device);
});
afterAll(() => device.close());

const shapes = { unet: tinyPipeline.unet.parameters, textEncoder: tinyPipeline.textEncoder.parameters };
const vectors = (count: number, size = 16): NdArray => normal(randomKey(count), [count, size]);

const preset = personalizationPreset('textual-inversion', 'pocket');
const concept = {
  ...defineConcept(preset, { word: '<a>', classWord: 'cat' }),
  tokens: [
    { word: '<a>', vectors: 1, initializer: 'cat' },
    { word: '<b>', vectors: 2, initializer: 'the cat' },
  ],
};
const card: ConceptCard = conceptCard({
  concept,
  training: preset.training,
  seed: 4,
  base: { name: 'tiny', hash: '12' },
});
const learned = { tokens: [vectors(1), vectors(2)] };

describe('a concept on disk', () => {
  test('has a card that tells all of its making', async () => {
    const path = folder.path('two-words');
    await writeConcept(path, card, conceptOfLearned(concept, learned));
    const written = JSON.parse(await readFile(join(path, 'concept.json'), 'utf8'));
    expect(written).toMatchObject({
      format: 'dreamsteerer concept 1',
      method: { kind: 'textual-inversion' },
      phrase: '<a>',
      classWord: 'cat',
      seed: 4,
      training: { tokenLearningRate: 5e-3, prior: { kind: 'none' } },
    });
    const opened = await readConcept(path, { base: shapes });
    expect(opened.embeddings.map(({ token, vectors: { shape } }) => [token, shape])).toEqual([
      ['<a>', [1, 16]],
      ['<b>', [2, 16]],
    ]);
    const { tokenizer } = await applyConcept(base, opened);
    expect([...tokenizer.placeholders]).toEqual([
      ['<a>', [519]],
      ['<b>', [520, 521]],
    ]);
    await opened.close();
  });

  test('is written whole or not at all, and over nothing', async () => {
    const path = folder.path('there');
    await mkdir(path);
    await expect(writeConcept(path, card, conceptOfLearned(concept, learned))).rejects.toThrow(
      'exists already',
    );
    const dreamBooth = { ...card, method: { kind: 'dreambooth', textEncoder: 'frozen' } } as const;
    const other = folder.path('without-base');
    await expect(writeConcept(other, dreamBooth, conceptOfLearned(concept, learned))).rejects.toThrow(
      'give the base that it was learned on',
    );
    await expect(readFile(join(other, 'concept.json'))).rejects.toThrow('ENOENT');
    const wrong = { ...card, steps: -1 };
    await expect(writeConcept(other, wrong, conceptOfLearned(concept, learned))).rejects.toThrow(
      "the concept's card has a wrong steps",
    );
  });

  const damages: readonly (readonly [string, (path: string) => Promise<void>, RegExp])[] = [
    [
      'a card of another kind',
      (path) => writeFile(join(path, 'concept.json'), '{}'),
      /is no card of a concept/,
    ],
    [
      'a card with a setting that is not known',
      async (path) => {
        const json = JSON.parse(await readFile(join(path, 'concept.json'), 'utf8'));
        json.method.kind = 'lokr';
        await writeFile(join(path, 'concept.json'), JSON.stringify(json));
      },
      /is no card of a concept \("method\.kind": /,
    ],
    [
      'a word whose file is gone',
      (path) => rm(join(path, 'learned_embeds_2.safetensors')),
      /tells of "<b>" with 2 vector\(s\), the files beside it have none; fetch the whole folder again/,
    ],
    [
      'a word of other vectors than the card says',
      (path) =>
        writeEmbedding(join(path, 'learned_embeds_2.safetensors'), { token: '<b>', vectors: vectors(3) }),
      /"<b>" with 2 vector\(s\), the files beside it have 3/,
    ],
  ];
  test.each(damages)('is refused with %s', async (name, damage, message) => {
    const path = folder.path(name.replaceAll(' ', '-'));
    await writeConcept(path, card, conceptOfLearned(concept, learned));
    await damage(path);
    await expect(readConcept(path, { base: shapes })).rejects.toThrow(message);
  });

  test('of another tool is told by what it changes', async () => {
    const path = folder.path('other.safetensors');
    const name = [...shapes.unet.keys()].find((each) => each.endsWith('attn2.to_q.weight'))!;
    const update = (alpha: number) => ({
      down: normal(randomKey(1), [2, 8]),
      up: normal(randomKey(2), [8, 2]),
      alpha,
    });
    const second = name.replace('to_q', 'to_out.0');
    const unet = new Map([
      [name, update(4)],
      [second, update(1)],
    ]);
    await writeLora(path, { unet, textEncoder: new Map() });
    const opened = await readConcept(path, { base: shapes });
    const { plan, learned: found } = await learnedOfConcept(opened);
    expect(plan).toEqual({
      method: {
        kind: 'lora',
        rank: 2,
        alpha: 1,
        targets: ['attention', 'cross-attention'],
        textEncoder: 'frozen',
      },
      tokens: [],
    });
    // Where alpha differs from the first layer's, `up` makes up for it.
    const tree = found.unet as { readonly [key: string]: never };
    const up = name
      .replace('.weight', '')
      .split('.')
      .reduce((branch: never, key) => branch[key], tree as never);
    const { data } = await (up as { up: { read(): Promise<NdArray> } }).up.read();
    expect(data).toEqual(normal(randomKey(2), [8, 2]).data.map((value) => 4 * value));
    await opened.close();
  });

  const misfits: readonly (readonly [string, Partial<OpenedConcept>, RegExp])[] = [
    [
      'vectors of another size',
      { embeddings: [{ token: '<x>', vectors: vectors(1, 24) }] },
      /"<x>" has vectors of 24, the model's are of 16; it was learned on another family/,
    ],
    [
      'weights of another shape',
      { unet: { kind: 'replaced', parameters: new Map([['conv_in.weight', full([8, 9, 3, 3], 1)]]) } },
      /the concept has "conv_in\.weight" \[8, 9, 3, 3\], the model has it as \[8, 4, 3, 3\]/,
    ],
    [
      'weights that are not there',
      { unet: { kind: 'replaced', parameters: new Map([['elsewhere.weight', full([1], 1)]]) } },
      /the model has no such parameter; it was learned on another family/,
    ],
    [
      'a word that the model has',
      { embeddings: [{ token: 'cat', vectors: vectors(1) }] },
      /"cat" is a token already/,
    ],
  ];
  test.each(misfits)('with %s is not applied', async (_, part, message) => {
    const nothing = { kind: 'nothing' } as const;
    const opened = {
      embeddings: [],
      unet: nothing,
      textEncoder: nothing,
      card: undefined,
      tokenizerFiles: undefined,
    };
    const whole = { ...opened, sentence: '', close: async () => {}, ...part };
    await expect(applyConcept(base, whole)).rejects.toThrow(message);
  });
});

test.each([
  ['a half', 0.5, 0.5],
  ['nothing', 0, 0],
  ['less than nothing', -1, -1],
])(
  'a LoRA without a card, at %s of its scale, is learned as updates of that scale',
  async (_, scale, factor) => {
    const [down, up] = [vectors(2), normal(randomKey(3), [16, 2])];
    const { plan, learned } = await learnedOfConcept({
      embeddings: [],
      unet: {
        kind: 'low rank',
        updates: new Map([['mid.attn1.to_q.weight', { down, up, alpha: 2 * scale }]]),
      },
      textEncoder: { kind: 'nothing' },
      card: undefined,
      tokenizerFiles: undefined,
      sentence: '',
      close: async () => {},
    });
    const { alpha, rank } = plan.method as SettingsOf<'lora'>;
    expect(alpha).toBeGreaterThan(0);
    const ups = flatten<LazySource>(learned.unet!).filter(([path]) => path.endsWith('.up'));
    const { data } = await ups[0]![1].read();
    const counted = Array.from(data as Float32Array, (value) => (alpha / rank) * value);
    expect(counted).toEqual(Array.from(up.data, (value) => expect.closeTo(factor * value, 5)));
  },
);

test('the hash of a model is that of its weights, whatever their order', async () => {
  const reversed = {
    ...tinyPipeline,
    unet: { ...tinyPipeline.unet, parameters: new Map([...shapes.unet].reverse()) },
  };
  const hash = await hashModel(tinyPipeline);
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(await hashModel(reversed)).toBe(hash);
  const [[name, array]] = [...shapes.unet] as [[string, NdArray]];
  const changed = new Map([...shapes.unet, [name, full(array.shape, 1)] as const]);
  expect(await hashModel({ ...tinyPipeline, unet: { ...tinyPipeline.unet, parameters: changed } })).not.toBe(
    hash,
  );
});

test('presets name concepts as their methods do', () => {
  const options = { word: '<toy>', classWord: 'cat' };
  const define = (
    kind: Parameters<typeof personalizationPreset>[0],
    name: Parameters<typeof personalizationPreset>[1],
  ) => defineConcept(personalizationPreset(kind, name), options);
  expect(define('dreambooth', 'SD 1.x')).toMatchObject({ phrase: 'sks cat', tokens: [] });
  expect(define('dreambooth', 'pocket')).toMatchObject({
    phrase: '<toy> cat',
    tokens: [{ initializer: 'cat' }],
  });
  expect(define('custom-diffusion', 'SD 2.x')).toMatchObject({
    phrase: '<toy> cat',
    tokens: [{ initializer: 'ktn' }],
  });
  expect(define('textual-inversion', 'SD 1.x')).toMatchObject({ phrase: '<toy>', tokens: [{ vectors: 1 }] });
  expect(personalizationPreset('dreambooth', 'SD 1.x').training.prior).toMatchObject({
    kind: 'preserve',
    weight: 1,
  });
});
