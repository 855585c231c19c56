import { describe, expect, test } from 'vitest';
import {
  castArray,
  flatten,
  fromNested,
  type NdArray,
  normal,
  randomKey,
  scalar,
  toNumbers,
  unflatten,
  zeros,
} from '../../../src/engine/index.ts';
import {
  type Lora,
  lowRankTree,
  matchLora,
  mergeLora,
  openLora,
  unmergeLora,
  writeLora,
} from '../../../src/files/checkpoints/index.ts';
import { type ArraySource, writeSafetensors } from '../../../src/files/formats/index.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';
import { refused } from './refused.ts';
import { expectSameArrays } from './same-arrays.ts';
import { tinyModel } from './tiny-model.ts';

const folder = temporaryFolder();
const model = tinyModel('SD 1.x');
const base = { unet: model.unet.parameters, textEncoder: model.textEncoder.parameters };
const query = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q';
const projection = 'down_blocks.0.attentions.0.proj_in';
const textKey = 'text_model.encoder.layers.0.self_attn.k_proj';

const update = (out: number, input: readonly number[], alpha?: number) => ({
  down: normal(randomKey(out), [2, ...input]),
  up: normal(randomKey(out + 1), [out, 2, ...input.slice(1).map(() => 1)]),
  alpha,
});

const attention: Lora = {
  unet: new Map([
    [`${query}.weight`, update(32, [32])],
    [`${query.replace('to_q', 'to_out.0')}.weight`, update(32, [32])],
  ]),
  textEncoder: new Map([[`${textKey}.weight`, update(64, [64])]]),
};
const everything: Lora = {
  unet: new Map([...attention.unet, [`${projection}.weight`, update(32, [32, 1, 1], 0.5)]]),
  textEncoder: attention.textEncoder,
};

async function readBack(path: string): Promise<Lora> {
  const file = await openLora(path);
  const lora = matchLora(file, base);
  expect([...lora.unmatched, ...file.unknownKeys]).toEqual([]);
  const inMemory = async (updates: Lora['unet']) =>
    new Map(
      await Promise.all(
        Array.from(updates, async ([name, { down, up, alpha }]) => {
          const read = async (array: ArraySource) => ('read' in array ? array.read() : array);
          return [name, { down: await read(down), up: await read(up), alpha }] as const;
        }),
      ),
    );
  const read = { unet: await inMemory(lora.unet), textEncoder: await inMemory(lora.textEncoder) };
  await file.close();
  return read;
}

describe('a LoRA that was written', () => {
  test.each([
    ['diffusers', 'a.bin', attention],
    ['diffusers', 'a.safetensors', attention],
    ['peft', 'b.safetensors', attention],
  ] as const)("has every bit in %s' layout, %s", async (layout, name, lora) => {
    await writeLora(folder.path(name), lora, { layout });
    expect(await readBack(folder.path(name))).toEqual(lora);
  });

  test("has every layer, and its alpha, in kohya's layout", async () => {
    await writeLora(folder.path('c.safetensors'), everything);
    const read = await readBack(folder.path('c.safetensors'));
    expect(read.unet.get(`${projection}.weight`)).toEqual(everything.unet.get(`${projection}.weight`));
    expect(read.unet.get(`${query}.weight`)).toEqual({ ...attention.unet.get(`${query}.weight`), alpha: 2 });
  });

  test('has its alpha multiplied in where the layout has none', async () => {
    await writeLora(folder.path('d.safetensors'), everything, { layout: 'peft' });
    const theirs = (await readBack(folder.path('d.safetensors'))).unet.get(`${projection}.weight`)!;
    const ours = everything.unet.get(`${projection}.weight`)!;
    expect(theirs.alpha).toBeUndefined();
    const quarter = Array.from(toNumbers(ours.up as NdArray), (value) => value / 4);
    expect(Array.from(toNumbers(theirs.up as NdArray))).toEqual(quarter);
  });

  test("is refused in diffusers' layout where that has no name for a layer", async () => {
    const work = writeLora(folder.path('e.bin'), everything, { layout: 'diffusers' });
    expect(await refused(work)).toMatch(/no name for a LoRA of "down_blocks.0.attentions.0.proj_in"/);
  });
});

describe('a LoRA that others wrote', () => {
  const down = zeros([2, 32]);
  const up = zeros([32, 2]);
  const text = zeros([2, 64]);
  const whole = (module: string) =>
    [
      [`${module}.lora_down.weight`, down],
      [`${module}.lora_up.weight`, up],
    ] as const;

  test.each([
    [
      'kohya, original names',
      'lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q',
      'lora_down',
      'lora_up',
    ],
    ['kohya', `lora_unet_${query.replaceAll('.', '_')}`, 'lora_down', 'lora_up'],
    ['diffusers without processors', `unet.${query}`, 'lora.down', 'lora.up'],
    ['unprefixed processors', query.replace('to_q', 'processor.to_q_lora'), 'down', 'up'],
    ['PEFT', `base_model.model.${query}`, 'lora_A.default', 'lora_B.default'],
  ])('finds its layers: %s', async (title, module, downName, upName) => {
    const path = folder.path(`${title}.safetensors`);
    await writeSafetensors(path, [
      [`${module}.${downName}.weight`, down],
      [`${module}.${upName}.weight`, up],
    ]);
    const file = await openLora(path);
    expect([...matchLora(file, base).unet.keys()]).toEqual([`${query}.weight`]);
    await file.close();
  });

  test("finds the text encoder's layers of diffusers 0.21", async () => {
    const path = folder.path('text.safetensors');
    const key = `text_encoder.${textKey}.lora_linear_layer`;
    await writeSafetensors(path, [
      [`${key}.down.weight`, text],
      [`${key}.up.weight`, zeros([64, 2])],
    ]);
    const file = await openLora(path);
    expect([...matchLora(file, base).textEncoder.keys()]).toEqual([`${textKey}.weight`]);
    await file.close();
  });

  test('is refused where not one layer is found, with the nearest name', async () => {
    const path = folder.path('nothing.safetensors');
    const key = `unet.${query.replace('down', 'town')}`;
    await writeSafetensors(path, [
      [`${key}.lora_A.weight`, down],
      [`${key}.lora_B.weight`, up],
    ]);
    const file = await openLora(path);
    expect(() => matchLora(file, base)).toThrow(
      /none of its 1 layers is in the model; the first is "town_blocks.*, the nearest parameter "down_blocks/,
    );
    await file.close();
  });

  test('lists layers without a place', async () => {
    const path = folder.path('some.safetensors');
    const entries = [query, 'mid_block.nowhere'].flatMap((module) => [
      [`unet.${module}.lora_A.weight`, down] as const,
      [`unet.${module}.lora_B.weight`, up] as const,
    ]);
    await writeSafetensors(path, [...entries, ['note', down]]);
    const file = await openLora(path);
    expect(matchLora(file, base).unmatched).toEqual(['mid_block.nowhere']);
    expect(file.unknownKeys).toEqual(['note']);
    await file.close();
  });

  test.each<[string, readonly (readonly [string, NdArray])[], RegExp]>([
    ['nothing of a LoRA', [['conv.weight', down]], /has no key of a LoRA; it has "conv.weight"/],
    ['a half of a layer', [['unet.a.lora_A.weight', down]], /"unet a" has no up matrix/],
    [
      'ranks that differ',
      [
        ['unet.a.lora_A.weight', down],
        ['unet.a.lora_B.weight', down],
      ],
      /share no rank/,
    ],
    [
      'an alpha that is no number',
      [
        ['lora_unet_a.lora_down.weight', down],
        ['lora_unet_a.lora_up.weight', up],
        ['lora_unet_a.alpha', scalar(Number.NaN)],
      ],
      /the alpha of "unet a" is NaN/,
    ],
    [
      'whole numbers',
      [
        ['unet.a.lora_A.weight', castArray(down, 'int32')],
        ['unet.a.lora_B.weight', up],
      ],
      /"unet a" has a matrix of int32, expected floats; a quantized LoRA is not read/,
    ],
    ['LoHa', [['lora_unet_a.hada_w1_a', down]], /is a LoHa/],
    ['LoKr', [['lora_unet_a.lokr_w1', down]], /is a LoKr/],
    ['DoRA', [...whole('lora_unet_a'), ['lora_unet_a.dora_scale', down]], /is a DoRA/],
    ["PEFT's DoRA", [['unet.a.lora_magnitude_vector.weight', down]], /is a DoRA/],
    ['Tucker', [...whole('lora_unet_a'), ['lora_unet_a.lora_mid.weight', down]], /in Tucker form/],
    ['a difference', [...whole('lora_unet_a'), ['lora_unet_b.diff', down]], /beside whole differences/],
    ['a norm', [...whole('lora_unet_a'), ['lora_unet_b.w_norm', down]], /beside whole differences/],
    ['a bias', [...whole('lora_unet_a'), ['lora_unet_a.lora_up.bias', down]], /is a LoRA with biases/],
    ['OFT', [['oft_unet_a.oft_blocks', down]], /is an OFT/],
    ['GLoRA', [['lora_unet_a.a1.weight', down]], /is a GLoRA/],
    ['IA3', [['lora_unet_a.on_input', down]], /is an IA3/],
    ['a bundle', [...whole('lora_unet_a'), ['bundle_emb.cat.emb', down]], /with embeddings in the same file/],
    ['SDXL', [['lora_te2_a.lora_down.weight', down]], /is a LoRA for Stable Diffusion XL/],
    ["SDXL's first encoder", whole('lora_te1_a'), /is a LoRA for Stable Diffusion XL/],
  ])('is refused: %s', async (title, entries, message) => {
    const path = folder.path(`${title}.safetensors`);
    await writeSafetensors(path, entries);
    const sentence = await refused(openLora(path));
    expect(sentence).toMatch(message);
    expect(sentence.startsWith(path)).toBe(true);
  });

  test('is refused where it changes a weight of another shape', async () => {
    const path = folder.path('shape.safetensors');
    await writeSafetensors(path, [
      [`unet.${query}.lora_A.weight`, text],
      [`unet.${query}.lora_B.weight`, up],
    ]);
    const file = await openLora(path);
    expect(() => matchLora(file, base)).toThrow(
      /up \[32, 2\] · down \[2, 64\], but the model has it as \[32, 32\]/,
    );
    await file.close();
  });
});

describe('merging', () => {
  const updates = new Map([
    ['a.weight', { down: fromNested([[1, 2]]), up: fromNested([[10], [20]]), alpha: 0.5 }],
  ]);
  const parameters = unflatten<NdArray>([
    [
      'a.weight',
      fromNested([
        [1, 1],
        [1, 1],
      ]),
    ],
    ['b.weight', fromNested([7])],
  ]);

  test('adds scale · alpha / rank · up · down, and says how much', async () => {
    const merged = await mergeLora(parameters, updates, 2);
    expect(new Map(flatten<NdArray>(merged.parameters)).get('a.weight')).toEqual(
      fromNested([
        [11, 21],
        [21, 41],
      ]),
    );
    expect(merged.change).toBeCloseTo(Math.sqrt(10 ** 2 + 20 ** 2 + 20 ** 2 + 40 ** 2), 10);
  });

  test('takes the rank for an alpha that is not there', async () => {
    const update = {
      down: fromNested([
        [1, 0],
        [0, 1],
      ]),
      up: fromNested([
        [1, 2],
        [3, 4],
      ]),
      alpha: undefined,
    };
    const merged = await mergeLora(parameters, new Map([['a.weight', update]]), 1);
    expect(new Map(flatten<NdArray>(merged.parameters)).get('a.weight')).toEqual(
      fromNested([
        [2, 3],
        [4, 5],
      ]),
    );
  });

  test('reaches convolutions (LoCon), each layer with its own rank, alpha and dtype', async () => {
    const path = folder.path('locon.safetensors');
    const conv = 'down_blocks.0.resnets.0.conv1';
    const entries = [
      [conv, castArray(normal(randomKey(1), [3, 32, 3, 3]), 'bfloat16'), normal(randomKey(2), [32, 3, 1, 1])],
      [query, normal(randomKey(3), [1, 32]), castArray(normal(randomKey(4), [32, 1]), 'float16')],
    ] as const;
    await writeSafetensors(
      path,
      entries.flatMap(([module, down, up], index) => {
        const key = `lora_unet_${module.replaceAll('.', '_')}`;
        return [
          [`${key}.lora_down.weight`, down],
          [`${key}.lora_up.weight`, up],
          [`${key}.alpha`, scalar(index + 1)],
        ] as const;
      }),
    );
    const file = await openLora(path);
    const { unet } = matchLora(file, base);
    expect([...unet.keys()].sort()).toEqual([`${query}.weight`, `${conv}.weight`].sort());
    const tree = unflatten<NdArray>(
      [...unet.keys()].map((name) => [name, zeros(base.unet.get(name)!.shape)]),
    );
    const merged = new Map(flatten<NdArray>((await mergeLora(tree, unet)).parameters));
    await file.close();
    const [down, up] = [toNumbers(entries[0][1]), toNumbers(entries[0][2])];
    // alpha 1, rank 3: output channel 5, input element 7
    const expected = [0, 1, 2].reduce((sum, r) => sum + (up[5 * 3 + r]! * down[r * 288 + 7]!) / 3, 0);
    expect(toNumbers(merged.get(`${conv}.weight`)!)[5 * 288 + 7]).toBeCloseTo(expected, 6);
    const [rowDown, rowUp] = [toNumbers(entries[1][1]), toNumbers(entries[1][2])];
    expect(toNumbers(merged.get(`${query}.weight`)!)[6 * 32 + 9]).toBeCloseTo(2 * rowUp[6]! * rowDown[9]!, 6);
  });

  test('is taken back to the last bit, in half floats too', async () => {
    const half = unflatten<NdArray>([['a.weight', castArray(normal(randomKey(5), [2, 2]), 'float16')]]);
    const merged = await mergeLora(half, updates, 0.3);
    expect(merged.parameters).not.toEqual(half);
    const back = unmergeLora(merged.parameters, merged.originals);
    await expectSameArrays(new Map(flatten<NdArray>(back)), new Map(flatten<NdArray>(half)));
  });

  test('is refused for a weight that is not there', async () => {
    expect(await refused(mergeLora(unflatten<NdArray>([['b', fromNested([7])]]), updates))).toMatch(
      /have no "a.weight"/,
    );
  });

  test('has its matrices as a tree to train', async () => {
    const tree = await lowRankTree(updates);
    expect(flatten<NdArray>(tree).map(([path, { shape }]) => [path, shape])).toEqual([
      ['a.down', [1, 2]],
      ['a.up', [2, 1]],
    ]);
  });
});
