import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromNested, ndArray, zeros } from '../../../src/engine/arrays/index.ts';
import {
  encodeSafetensors,
  openSafetensors,
  parseSafetensors,
  writeSafetensors,
} from '../../../src/files/formats/index.ts';
import { arbitraryArray, arbitraryName, bitsOf } from './arbitrary-arrays.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();

describe('safetensors', () => {
  it('comes back bit for bit, with names and metadata', async () => {
    const text = fc.string({ unit: 'binary' });
    const arbitraryFile = fc.record({
      arrays: fc.uniqueArray(fc.tuple(arbitraryName, arbitraryArray), {
        selector: ([name]) => name,
        maxLength: 8,
      }),
      metadata: fc.uniqueArray(fc.tuple(text, text), { selector: ([key]) => key, maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(arbitraryFile, async ({ arrays, metadata }) => {
        const bytes = await encodeSafetensors(arrays, { metadata: new Map(metadata) });
        const file = await parseSafetensors(bytes, 'memory');
        expect(new Map(file.metadata)).toEqual(new Map(metadata));
        expect(new Set(file.arrays.keys())).toEqual(new Set(arrays.map(([name]) => name)));
        for (const [name, array] of arrays) {
          expect(bitsOf(await file.arrays.get(name)!.read())).toEqual(bitsOf(array));
        }
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('is laid out as the reference library does', async () => {
    const bytes = await encodeSafetensors(
      [
        ['b', fromNested([1, 2])],
        ['mask', ndArray('bool', [3], Uint8Array.of(1, 0, 1))],
        ['a', fromNested(0.5)],
        ['steps', ndArray('int64', [], BigInt64Array.of(7n))],
      ],
      { metadata: new Map([['format', 'pt']]) },
    );
    const header =
      '{"__metadata__":{"format":"pt"},' +
      '"steps":{"dtype":"I64","shape":[],"data_offsets":[0,8]},' +
      '"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]},' +
      '"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]},' +
      '"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[20,23]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(padded.length).toBeGreaterThan(header.length);
    expect(Buffer.from(bytes).readBigUInt64LE()).toBe(BigInt(padded.length));
    expect(Buffer.from(bytes).toString('latin1', 8, 8 + padded.length)).toBe(padded);
    expect(Buffer.from(bytes).toString('hex', 8 + padded.length)).toBe(
      '0700000000000000' + '0000003f' + '0000803f' + '00000040' + '010001',
    );
  });

  it('has the same bytes for the same arrays in any order', async () => {
    const arrays = ['10', '9', 'é', 'b'].map((name) => [name, zeros([2])] as const);
    expect(await encodeSafetensors(arrays)).toEqual(await encodeSafetensors(arrays.toReversed()));
  });

  it('is written to disk with the bytes that are made in memory', async () => {
    const arrays = [
      ['a', fromNested([[1, 2]])],
      ['empty', zeros([0, 3])],
    ] as const;
    await writeSafetensors(folder.path('written'), arrays);
    expect(new Uint8Array(await readFile(folder.path('written')))).toEqual(await encodeSafetensors(arrays));
  });

  it('copies lazy arrays from file to file', async () => {
    const path = await folder.put('source', await encodeSafetensors([['a', fromNested([1, 2, 3])]]));
    const source = await openSafetensors(path);
    await writeSafetensors(folder.path('copy'), source.arrays);
    await source.close();
    expect(await readFile(folder.path('copy'))).toEqual(await readFile(path));
  });

  it('leaves the old file and no other when writing fails', async () => {
    const path = await folder.put('kept', 'old contents');
    const failing = { dtype: 'float32', shape: [2], read: () => Promise.reject(new Error('gone')) } as const;
    await expect(writeSafetensors(path, [['a', failing]])).rejects.toThrow('gone');
    expect(await readFile(path, 'utf8')).toBe('old contents');
    expect((await readdir(dirname(path))).filter((name) => name.startsWith('kept'))).toEqual(['kept']);
  });

  it('does not trust a lazy array that turns out different', async () => {
    const lying = { dtype: 'float32', shape: [2], read: async () => zeros([3]) } as const;
    await expect(writeSafetensors(folder.path('lying'), [['a', lying]])).rejects.toThrow(
      'announced float32 [2], its read gave float32 [3]',
    );
  });

  it.each(['__metadata__', '\ud800'])('refuses to write the name %j', async (name) => {
    await expect(encodeSafetensors([[name, zeros([1])]])).rejects.toThrow(/tensor names are distinct/);
  });

  it('refuses to write a name twice', async () => {
    const twice = [
      ['a', zeros([1])],
      ['a', zeros([1])],
    ] as const;
    await expect(encodeSafetensors(twice)).rejects.toThrow('got "a"; rename it');
  });

  it('does not replace a folder', async () => {
    await mkdir(folder.path('folder'));
    await expect(writeSafetensors(folder.path('folder'), [])).rejects.toThrow(
      /folder: cannot be written \(E/,
    );
    expect((await readdir(folder.path(''))).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('says which file cannot be written', async () => {
    await expect(writeSafetensors(folder.path('no/such/folder'), [])).rejects.toThrow(
      /no\/such\/folder: cannot be written \(ENOENT\)/,
    );
  });

  it('does not read tensors before they are asked for', async () => {
    const path = await folder.put('late', await encodeSafetensors([['a', zeros([4])]]));
    const file = await openSafetensors(path);
    await folder.put('late', (await readFile(path)).subarray(0, -8));
    await expect(file.arrays.get('a')!.read()).rejects.toThrow(/late: tensor "a": was cut off at byte/);
    await file.close();
  });
});
