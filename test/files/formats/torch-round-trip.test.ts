import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromNested, zeros } from '../../../src/engine/arrays/index.ts';
import { openArrays, type SavableValue, writeTorchFile } from '../../../src/files/formats/index.ts';
import { arbitraryArray, arbitraryName, bitsOf } from './arbitrary-arrays.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();

/** Writes, opens, and returns the content with its arrays read. */
async function roundTrip(content: SavableValue) {
  await writeTorchFile(folder.path('file'), content);
  const file = await openArrays(folder.path('file'));
  if (file.format !== 'torch') throw new Error(`written as ${file.format}`);
  const arrays = new Map<string, ReturnType<typeof bitsOf>>();
  for (const [name, array] of file.arrays) arrays.set(name, bitsOf(await array.read()));
  await file.close();
  return { content: file.content, arrays };
}

describe('a torch file', () => {
  it('comes back bit for bit', async () => {
    const names = fc.uniqueArray(fc.tuple(arbitraryName, arbitraryArray), {
      selector: ([name]) => name,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(names, async (arrays) => {
        const { arrays: found } = await roundTrip({ state_dict: new Map(arrays) });
        const expected = arrays.map(([name, array]) => [`state_dict.${name}`, bitsOf(array)] as const);
        expect(found).toEqual(new Map(expected));
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it('holds nested plain data', async () => {
    const content = new Map<string | number | boolean | null, SavableValue>([
      ['text', 'naïve 🐱'],
      ['numbers', [0, -1, 255, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 2n ** 63n - 1n, -(2n ** 63n)]],
      ['floats', [0.5, -0, 1e300, Number.POSITIVE_INFINITY, Number.NaN]],
      ['bytes', Uint8Array.of(0, 127, 128, 255)],
      [3, [true, false, null]],
      [null, new Map([[true, 'nested']])],
    ]);
    const { content: found } = await roundTrip(content);
    expect(found).toEqual(content);
  });

  it('takes plain objects for dicts', async () => {
    const { content } = await roundTrip({ optimizer: { step: 3, names: ['a'] } });
    expect(content).toEqual(
      new Map([
        [
          'optimizer',
          new Map<string, unknown>([
            ['step', 3],
            ['names', ['a']],
          ]),
        ],
      ]),
    );
  });

  it('stores an array once that occurs twice', async () => {
    const shared = zeros([1000]);
    await writeTorchFile(folder.path('shared'), { a: shared, b: [shared] });
    expect((await readFile(folder.path('shared'))).length).toBeLessThan(6000);
    const { arrays } = await roundTrip({ a: shared, b: [shared] });
    expect([...arrays.keys()]).toEqual(['a', 'b.0']);
  });

  it('has the same bytes for the same content, and aligns storages to 64', async () => {
    const content = { a: fromNested([1]), longer_name: [fromNested([2, 3])] };
    await writeTorchFile(folder.path('first'), content);
    await writeTorchFile(folder.path('second'), content);
    const bytes = await readFile(folder.path('first'));
    expect(await readFile(folder.path('second'))).toEqual(bytes);
    expect(bytes.indexOf(Buffer.from('0000803f', 'hex')) % 64).toBe(0);
    expect(bytes.indexOf(Buffer.from('0000004000004040', 'hex')) % 64).toBe(0);
  });

  it('copies lazy arrays, of any file, one at a time', async () => {
    await writeTorchFile(folder.path('source'), { a: fromNested([[1, 2]]) });
    const source = await openArrays(folder.path('source'));
    const { arrays } = await roundTrip(new Map(source.arrays));
    await source.close();
    expect(arrays).toEqual(new Map([['a', bitsOf(fromNested([[1, 2]]))]]));
  });

  it.each([
    [2n ** 63n, /integers have at most 64 bits/],
    ['\ud800', /is not well-formed/],
  ])('cannot hold %s', async (value, message) => {
    await expect(writeTorchFile(folder.path('refused'), { value })).rejects.toThrow(message);
  });

  it('cannot hold what contains itself', async () => {
    const list: SavableValue[] = [];
    list.push(list);
    await expect(writeTorchFile(folder.path('refused'), list)).rejects.toThrow(/or contain themselves/);
  });
});
