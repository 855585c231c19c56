import { describe, expect, test } from 'vitest';
import { castArray, fromNested, normal, randomKey, range, zeros } from '../../../src/engine/index.ts';
import { readEmbedding, withEmbeddings, writeEmbedding } from '../../../src/files/checkpoints/index.ts';
import { writeSafetensors, writeTorchFile } from '../../../src/files/formats/index.ts';
import { vocabularySize } from '../../../src/networks/clip/index.ts';
import { smallTokenizer } from '../../networks/clip/tokenizer/small-tokenizer.ts';
import { temporaryFolder } from '../formats/temporary-folder.ts';
import { refused } from './refused.ts';

const folder = temporaryFolder();
const vectors = normal(randomKey(1), [3, 8]);
const one = normal(randomKey(2), [1, 8]);

describe('an embedding that was written', () => {
  test.each([
    ['diffusers', 'a.bin', '<cat>', 'the file'],
    ['diffusers', 'b.safetensors', '<cat>', 'the file'],
    ['a1111', 'c.pt', '<cat>', 'the file'],
    ['embParams', 'my-cat.safetensors', 'my-cat', 'the name of the file'],
    ['embParams', 'my-dog.pt', 'my-dog', 'the name of the file'],
  ] as const)("has every bit in %s' layout, %s", async (layout, name, token, tokenFrom) => {
    for (const each of [one, vectors]) {
      const path = folder.path(name);
      await writeEmbedding(path, { token: '<cat>', vectors: each }, { layout });
      const file = await readEmbedding(path);
      expect(file.layout).toBe(layout);
      expect(file.embeddings).toEqual([{ token, tokenFrom, vectors: each }]);
      expect((await readEmbedding(path, { token: '<given>' })).embeddings[0]?.token).toBe('<given>');
    }
  });
});

describe('an embedding that others wrote', () => {
  test('may hold several tokens', async () => {
    const path = folder.path('several.safetensors');
    await writeSafetensors(path, [
      ['<a>', one],
      ['<b>', vectors],
    ]);
    const { embeddings } = await readEmbedding(path);
    expect(embeddings.map(({ token, vectors }) => [token, vectors.shape[0]])).toEqual([
      ['<a>', 1],
      ['<b>', 3],
    ]);
    expect(await refused(readEmbedding(path, { token: '<c>' }))).toMatch(/holds 2 tokens \("<a>", "<b>"\)/);
  });

  test('may be half floats', async () => {
    const path = folder.path('half.bin');
    const half = castArray(one, 'float16');
    await writeTorchFile(path, { '<a>': half });
    expect((await readEmbedding(path)).embeddings[0]?.vectors).toEqual(half);
  });

  test.each([
    ['a network', { 'conv.weight': vectors }, /is no textual-inversion embedding/],
    ['whole numbers', { '<a>': range(8, 'int64') }, /is no textual-inversion embedding/],
    ['a thousand vectors', { '<a>': zeros([1000, 8]) }, /is no textual-inversion embedding/],
    ['SDXL', { clip_l: one, clip_g: one }, /is an embedding for Stable Diffusion XL/],
    ['a misshapen A1111 file', { string_to_param: { '*': zeros([2, 2, 2]) } }, /expected up to 75 vectors/],
  ])('is refused: %s', async (title, content, message) => {
    const path = folder.path(`${title}.bin`);
    await writeTorchFile(path, content);
    expect(await refused(readEmbedding(path))).toMatch(message);
  });
});

describe('embeddings in a text encoder', () => {
  const tokenizer = smallTokenizer();
  const rows = vocabularySize(tokenizer);

  test('stand in the rows that the tokenizer gives their token', () => {
    const table = normal(randomKey(3), [rows, 8]);
    const extended = withEmbeddings(tokenizer, table, [
      { token: '<a>', vectors: one },
      { token: '<b>', vectors },
    ]);
    expect(extended.table.shape).toEqual([rows + 4, 8]);
    expect(extended.table.data.slice(rows * 8)).toEqual(Float32Array.of(...one.data, ...vectors.data));
    expect(extended.tokenizer.placeholders.get('<b>')).toEqual([rows + 1, rows + 2, rows + 3]);
  });

  test('are not rounded to the half precision of a table', () => {
    const table = castArray(normal(randomKey(3), [rows, 8]), 'float16');
    const { table: extended } = withEmbeddings(tokenizer, table, [{ token: '<a>', vectors: one }]);
    expect(extended.dtype).toBe('float32');
    expect(extended.data.slice(0, rows * 8)).toEqual(castArray(table, 'float32').data);
    expect(extended.data.slice(rows * 8)).toEqual(one.data);
    expect(castArray(castArray(one, 'float16'), 'float32').data).not.toEqual(one.data);
  });

  test('are refused where they are of another size', () => {
    const table = zeros([rows, 4]);
    expect(() => withEmbeddings(tokenizer, table, [{ token: '<a>', vectors: one }])).toThrow(
      /"<a>" has vectors of 8, the text encoder's are of 4; it was made for another family/,
    );
    expect(() => withEmbeddings(tokenizer, zeros([3, 8]), [{ token: '<a>', vectors: one }])).toThrow(
      /and the embedding table 3 rows/,
    );
  });

  test('are written where that is possible', async () => {
    const write = (name: string, embedding: { token: string; vectors: typeof one }) =>
      refused(writeEmbedding(folder.path(name), embedding, { layout: 'a1111' }));
    expect(await write('x.safetensors', { token: '<a>', vectors: one })).toMatch(/name it .pt/);
    expect(await write('x.pt', { token: '<a>', vectors: fromNested([1, 2]) })).toMatch(
      /has a token and \[vectors, size\]/,
    );
  });
});
