import { describe, expect, test } from 'vitest';
import { randomStableDiffusion } from '../../../scripts/random-stable-diffusion.ts';
import { sizeOf } from '../../../src/engine/index.ts';
import { type ArraySources, readTokenizer } from '../../../src/files/checkpoints/index.ts';
import type { LazyArray } from '../../../src/files/formats/index.ts';
import { encodePrompts } from '../../../src/networks/clip/index.ts';

const model = randomStableDiffusion(1);

const count = (parameters: ArraySources) =>
  [...parameters.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);

const read = (parameters: ArraySources, name: string) => (parameters.get(name) as LazyArray).read();

describe('the random model of full size', () => {
  test.each([
    ['unet', 859_520_964],
    ['vae', 83_653_863],
    ['textEncoder', 123_060_480],
  ] as const)('has a %s of %i parameters, as the published one', (network, parameters) => {
    expect(count(model[network].parameters)).toBe(parameters);
  });

  test('depends on the seed and on nothing else', async () => {
    const name = 'conv_in.weight';
    const [first, again, other] = await Promise.all(
      [model, randomStableDiffusion(1), randomStableDiffusion(2)].map(({ unet }) =>
        read(unet.parameters, name),
      ),
    );
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('has other values in arrays of the same shape', async () => {
    const [first, second] = await Promise.all(
      ['conv1', 'conv2'].map((name) => read(model.unet.parameters, `mid_block.resnets.0.${name}.bias`)),
    );
    expect(first).not.toEqual(second);
  });

  test("has a tokenizer of CLIP's size, whose begin and end tokens are CLIP's", async () => {
    const tokenizer = await readTokenizer('random', model.tokenizerFiles);
    const ids = encodePrompts(tokenizer, ['a cat']).data;
    expect([ids.length, ids[0], ids[76]]).toEqual([77, 49_406n, 49_407n]);
  });
});
