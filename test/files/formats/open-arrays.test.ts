import { constants } from 'node:buffer';
import { execFile } from 'node:child_process';
import { mkdir, truncate } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fromNested } from '../../../src/engine/arrays/index.ts';
import { encodeSafetensors, FormatError, openArrays, parseArrays } from '../../../src/files/formats/index.ts';
import { tensor } from './pickle-bytes.ts';
import { safetensorsBytes } from './safetensors-bytes.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { torchLegacy, torchZip } from './torch-bytes.ts';

const folder = temporaryFolder();

describe('openArrays', () => {
  it.each([
    ['weights.bin', 'safetensors', () => encodeSafetensors([['', fromNested([0, 1, 2, 3])]])],
    ['weights.safetensors', 'torch', async () => torchLegacy(tensor())],
    [
      'weights.txt',
      'torch',
      () => torchZip(tensor(), { 0: new Uint8Array(Float32Array.of(0, 1, 2, 3).buffer) }),
    ],
  ])('knows %s to be %s by its content', async (name, format, make) => {
    const file = await openArrays(await folder.put(name, await make()));
    expect(file.format).toBe(format);
    expect(file.name).toBe(folder.path(name));
    expect([...file.arrays].map(([key, { dtype, shape }]) => [key, dtype, shape])).toEqual([
      ['', 'float32', [4]],
    ]);
    expect(await file.arrays.get('')!.read()).toEqual(fromNested([0, 1, 2, 3]));
    await file.close();
  });

  it('takes a header whose length begins like a pickle for safetensors', async () => {
    const bytes = safetensorsBytes('{}'.padEnd(0x280));
    expect([...bytes.subarray(0, 2)]).toEqual([0x80, 2]);
    expect((await parseArrays(bytes, 'file')).format).toBe('safetensors');
  });

  describe('of a file of 8 GB', () => {
    const size = 2 ** 33;
    const openLarge = async (name: string) => {
      const bytes = safetensorsBytes({
        large: { dtype: 'U8', shape: [size - 4], data_offsets: [0, size - 4] },
        small: { dtype: 'F32', shape: [1], data_offsets: [size - 4, size] },
      });
      const path = await folder.put(name, bytes);
      await truncate(path, bytes.length + size); // a hole, no bytes on disk
      return openArrays(path);
    };

    it('reads only what it is asked for', async () => {
      const file = await openLarge('sparse');
      expect(await file.arrays.get('small')!.read()).toEqual(fromNested([0]));
      await file.close();
    });

    it.skipIf(constants.MAX_LENGTH >= size)(
      'refuses an array beyond what this Node holds (22 holds it)',
      async () => {
        const file = await openLarge('larger');
        await expect(file.arrays.get('large')!.read()).rejects.toThrow(
          /tensor "large": has an array of \d+ bytes/,
        );
        await file.close();
      },
    );
  });

  it.each([
    ['nothing', '', /is empty; fetch it again/],
    ['three bytes', 'abc', /neither safetensors nor a file of torch\.save, it begins with "abc"/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', /pointer of Git LFS.*git lfs pull/],
    ['a web page', '<!DOCTYPE html><html>', /is a web page/],
    ['a picture', '\x89PNG\r\n\x1a\n', /is a PNG picture, and weights are needed here/],
    ['a pickle of another protocol', '\x80\x09', /neither safetensors nor/],
    ['a pickle cut off', Buffer.of(0x80, 2), /pickle byte 2: its pickle ends in the middle/],
    ['a zip cut off', 'PK\x03\x04', /a zip without its end|needs bytes/],
    ['an empty zip', 'PK\x05\x06'.padEnd(22, '\0'), /neither/],
    ['an index in memory', '{"weight_map":{}}', /an index of other files; open it by its path/],
  ])('refuses %s', async (_, bytes, message) => {
    const refusal = parseArrays(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, 'file');
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toBeInstanceOf(FormatError);
  });

  it('refuses what is not there, and what is no file', async () => {
    await expect(openArrays(folder.path('missing'))).rejects.toThrow(/missing: cannot be opened \(ENOENT\)/);
    await mkdir(folder.path('directory'));
    await expect(openArrays(folder.path('directory'))).rejects.toThrow(
      /directory: (is not a regular|cannot be opened)/,
    );
  });

  it.skipIf(process.platform === 'win32')(
    'does not wait at a pipe (Windows has none in its folders)',
    async () => {
      await promisify(execFile)('mkfifo', [folder.path('pipe')]);
      await expect(openArrays(folder.path('pipe'))).rejects.toThrow(/pipe: is not a regular file/);
    },
  );
});
