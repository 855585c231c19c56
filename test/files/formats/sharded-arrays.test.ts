import { mkdir, symlink } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromNested } from '../../../src/engine/arrays/index.ts';
import {
  encodeSafetensors,
  openArrays,
  openShardedSafetensors,
  writeTorchFile,
} from '../../../src/files/formats/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder();
const index = (map: unknown) => JSON.stringify({ metadata: { total_size: 8 }, weight_map: map });

beforeAll(async () => {
  await mkdir(folder.path('model'));
  await mkdir(folder.path('blobs'));
  await folder.put('model/1.safetensors', await encodeSafetensors([['a', fromNested([1])]]));
  await folder.put('model/2.safetensors', await encodeSafetensors([['b', fromNested([2])]]));
  await folder.put('blobs/outside', await encodeSafetensors([['a', fromNested([3])]]));
  await symlink('../blobs/outside', folder.path('model/link.safetensors'));
  await symlink('1.safetensors', folder.path('model/inner-link.safetensors'));
});

describe('a sharded checkpoint', () => {
  it('is opened as one file, by its content', async () => {
    const map = { b: '2.safetensors', a: '1.safetensors' };
    const file = await openArrays(await folder.put('model/index.json', index(map)));
    expect([...file.arrays.keys()]).toEqual(['b', 'a']);
    expect((await file.arrays.get('b')!.read()).data).toEqual(Float32Array.of(2));
    expect((await file.arrays.get('a')!.read()).data).toEqual(Float32Array.of(1));
    await file.close();
    await expect(file.arrays.get('a')!.read()).rejects.toThrow(/tensor "a": .* was closed, open it again/);
  });

  it('may be in files of torch.save, or in both kinds', async () => {
    await writeTorchFile(folder.path('model/3.bin'), new Map([['c', fromNested([3])]]));
    const file = await openArrays(
      await folder.put('model/bin.json', index({ c: '3.bin', a: '1.safetensors' })),
    );
    expect(file.format).toBe('torch');
    const values = [...file.arrays].map(async ([name, array]) => [name, (await array.read()).data[0]]);
    expect(await Promise.all(values)).toEqual([
      ['c', 3],
      ['a', 1],
    ]);
    await file.close();
  });

  it('may not be an index again', async () => {
    const path = await folder.put('model/nested.json', index({ a: 'nested.json' }));
    await expect(openArrays(path)).rejects.toThrow(/nested\.json: is an index of shards itself/);
  });

  it.each([
    ['../blobs/outside', /"\.\.\/blobs\/outside", which is not a path inside its folder/],
    ['..\\blobs\\outside', /not a path inside/],
    ['/etc/hostname', /not a path inside/],
    ['C:\\weights', /not a path inside/],
    ['nested/../../blobs/outside', /not a path inside/],
    ['link.safetensors', /is a link that leads out of the folder/],
    ['3.safetensors', /3\.safetensors" is not there \(ENOENT\)/],
    ['2.safetensors', /tensor "a" is in .*2\.safetensors, which does not have it/],
    ['.', /is not a regular file/],
  ])('may not take a tensor from %j', async (shard, message) => {
    const path = await folder.put('model/hostile.json', index({ a: shard }));
    await expect(openShardedSafetensors(path)).rejects.toThrow(message);
  });

  it('may link within its folder, or within a wider one that the caller names', async () => {
    const inner = await folder.put('model/inner.json', index({ a: 'inner-link.safetensors' }));
    const outer = await folder.put('model/outer.json', index({ a: 'link.safetensors' }));
    const files = [
      await openShardedSafetensors(inner),
      await openShardedSafetensors(outer, { confinedTo: folder.path('') }),
    ];
    const values = files.map(async (file) => (await file.arrays.get('a')!.read()).data[0]);
    expect(await Promise.all(values)).toEqual([1, 3]);
    for (const file of files) await file.close();
  });

  it.each([
    ['{"weight_map": {"a": "1", "a": "2"}}', /key "a" twice/],
    ['{"weight_map": []}', /is no index of shards: its weight_map is missing/],
    ['{"weight_map": {"a": 1}}', /is no index of shards: its weight_map is missing/],
    ['{}', /is no index of shards: its weight_map is missing/],
    ['{"weight_map": {"a": ', /JSON cannot be read/],
    [`{"a": ${'['.repeat(10_000)}`, /nests deeper/],
    [index(Object.fromEntries(Array.from({ length: 501 }, (_, i) => [i, `${i}`]))), /names 501 files/],
  ])('with the index %.40s is refused', async (json, message) => {
    await expect(openArrays(await folder.put('model/broken.json', json))).rejects.toThrow(message);
  });
});
