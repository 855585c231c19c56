import { describe, expect, test } from 'vitest';
import { parseRepository } from '../../../src/files/hub/index.ts';
import { hubFixture } from './hub-cache.ts';
import { listedEntry } from './hub-server.ts';
import { tinyPipeline, UNET } from './tiny-pipeline.ts';

const fixture = hubFixture();

describe('a listing that is hostile', () => {
  test.each([
    '../../../.bashrc',
    'unet/../../x',
    '/etc/passwd',
    'C:/x',
    'a\\..\\b',
    'unet//x',
    'unet/./x',
    '',
    'a\nb',
    'x'.repeat(256),
  ])('the name %j is refused', async (path) => {
    fixture.hub.extraEntries.push(listedEntry(path, Buffer.from('boo')));
    await fixture.refuses(
      /: lists a file ".*", which would lie outside of its folder; do not use this repository/,
    );
    expect(await fixture.cached()).toEqual([]);
  });

  test.each([
    [
      { type: 'file', path: 'a', size: 1, oid: '../../x' },
      /lists "a" with the checksum "..\/..\/x", which is none/,
    ],
    [{ type: 'file', path: 'a', size: 1 }, /with the checksum ""/],
    [{ type: 'file', path: 'a', size: -1, oid: '0'.repeat(40) }, /with a size of "-1" bytes/],
    [{ type: 'file', path: 'a', size: '1', oid: '0'.repeat(40) }, /with a size of "1" bytes/],
    [
      { type: 'file', path: 'a', size: 1, oid: '0'.repeat(40), lfs: { oid: '0'.repeat(40), size: 1 } },
      /checksum/,
    ],
    [
      { type: 'file', path: 'a', size: 1, oid: '0'.repeat(40), lfs: { oid: '0'.repeat(64), size: 2 } },
      /size/,
    ],
    [{ type: 'file', path: 7, size: 1, oid: '0'.repeat(40) }, /lists a file "7"/],
  ])('%j is refused', async (entry, message) => {
    fixture.hub.extraEntries.push(entry);
    await fixture.refuses(message);
    expect(await fixture.cached()).toEqual([]);
  });

  test('a file of another size than listed is refused', async () => {
    fixture.hub.swapped.set(UNET, tinyPipeline().get(UNET)!.subarray(1));
    await fixture.refuses(/unet\/.*: is listed with 3000000 bytes, but served with 2999999/);
  });

  test('an answer without end is not kept', async () => {
    fixture.hub.extraEntries.push({ type: 'file', path: 'x'.repeat(2 ** 25), size: 1 });
    await fixture.refuses(/: the hub answers with more than 33554432 bytes; check the endpoint/);
  });

  test('a commit that is none is refused', async () => {
    fixture.hub.commit = '../../x';
    await fixture.refuses(/: the hub names no commit for it/);
  });
});

describe('the id of a model', () => {
  test.each([
    ['stable-diffusion-v1-5/stable-diffusion-v1-5', 'stable-diffusion-v1-5/stable-diffusion-v1-5', 'main'],
    ['a/b@v1.0', 'a/b', 'v1.0'],
    ['a/b@refs/pr/12', 'a/b', 'refs/pr/12'],
    ['gpt2', 'gpt2', 'main'],
    ['Org_1/model.v2-x', 'Org_1/model.v2-x', 'main'],
  ])('%s is read', (id, name, revision) => {
    expect(parseRepository(id)).toEqual({ name, revision });
  });

  test.each([
    '',
    '/',
    'a/',
    '/b',
    'a/b/c',
    '../b',
    'a/..',
    'a/b--c',
    'a b/c',
    'a/b@c@d',
    'a/b.git',
    '-a/b',
    './model',
  ])('%j is refused', (id) => {
    expect(() => parseRepository(id)).toThrow(
      `${JSON.stringify(id)}: a model of the hub is "organisation/name"`,
    );
  });

  test.each(['', '..', 'a/../b', '/a', 'a//b', 'a b', '.hidden', 'a..b'])(
    'the revision %j is refused',
    (revision) => {
      expect(() => parseRepository(`a/b@${revision}`)).toThrow(
        /cannot be a revision; give a branch, a tag or a commit/,
      );
    },
  );
});
