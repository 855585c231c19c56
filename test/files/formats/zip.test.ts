import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/files/formats/byte-source.ts';
import { crc32 } from '../../../src/files/formats/zip/crc32.ts';
import { LARGEST_DIRECTORY, openZip } from '../../../src/files/formats/zip/open-zip.ts';
import { FREELY_INFLATED_BYTES } from '../../../src/files/formats/zip/read-zip-entry.ts';
import { parseZipDirectory } from '../../../src/files/formats/zip/zip-directory.ts';
import { directoryHeader, localHeader, zipEnd } from '../../../src/files/formats/zip/zip-records.ts';
import { expectRefusal, readEverything } from './expect-refusal.ts';
import { type HandMadeEntry, handMadeZip } from './hand-made-zip.ts';
import { pickle, tensor } from './pickle-bytes.ts';
import { float32Bytes, torchZip } from './torch-bytes.ts';

const data = { name: 'x/data.pkl', bytes: pickle(tensor()) };
const storage = { name: 'x/data/0', bytes: float32Bytes(0, 1, 2, 3) };

const patched = async (patch: (bytes: Buffer) => void): Promise<Buffer> => {
  const bytes = await torchZip(tensor());
  patch(bytes);
  return bytes;
};

describe('crc32', () => {
  it('gives the check value of the catalogue of CRC algorithms', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(crc32(Buffer.alloc(0))).toBe(0);
  });

  it.skipIf(typeof zlibCrc32 !== 'function')('agrees with zlib (which has it from Node 20.15)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => crc32(bytes) === zlibCrc32(bytes)),
      { seed: 3, numRuns: 300 },
    );
  });
});

describe('a zip is read', () => {
  it.each<[string, readonly HandMadeEntry[], string]>([
    ['without zip64', [data, storage], ''],
    [
      'deflated',
      [
        { ...data, method: 8 },
        { ...storage, method: 8 },
      ],
      '',
    ],
    ['with a comment that looks like an end', [data, storage], 'PK\u0005\u0006'.padEnd(40)],
    [
      'in another order, beside other files',
      [storage, { name: 'x/.data/id', bytes: Buffer.of(1) }, data],
      '',
    ],
  ])('%s', async (_, entries, comment) => {
    const file = await readEverything(handMadeZip(entries, comment));
    expect((await file.arrays.get('')!.read()).data).toEqual(Float32Array.of(0, 1, 2, 3));
  });

  it('in parts of deflated entries', async () => {
    const zip = await openZip(memorySource(handMadeZip([{ ...storage, method: 8 }]), 'file'));
    const part = await zip.read(zip.entries.get('x/data/0')!, 4, 8);
    expect(part).toEqual(float32Bytes(1, 2));
  });

  it('whose entries and positions are beyond 4 GB, as it is written', async () => {
    const entries = [
      { name: 'a', size: 5 * 2 ** 32, checksum: 1, start: 0 },
      { name: 'b', size: 7, checksum: 2, start: 5 * 2 ** 32 + 1000 },
    ];
    const directory = Buffer.concat(entries.map(directoryHeader));
    const start = 5 * 2 ** 32 + 2000;
    const parsed = parseZipDirectory(directory, 2, start);
    expect([...parsed.values()]).toEqual(
      entries.map((entry) => ({ ...entry, method: 'stored', compressedSize: entry.size })),
    );
    expect(localHeader(entries[0]!).length % 64).toBe(0);
    // The end of such a file, read as if everything before it were there.
    const end = zipEnd(2, directory.length, start);
    const tail = Buffer.concat([directory, end]);
    const source = {
      ...memorySource(tail, 'file'),
      size: start + tail.length,
      read: async (offset: number, length: number) => {
        const bytes = new Uint8Array(length);
        const from = offset - start;
        bytes.set(tail.subarray(Math.max(0, from), from + length), Math.max(0, -from));
        return bytes;
      },
    };
    expect((await openZip(source)).entries).toEqual(parsed);
  });
});

describe('a zip is refused for', () => {
  const bomb = Buffer.alloc(FREELY_INFLATED_BYTES + 4);

  it.each<[string, readonly HandMadeEntry[], RegExp]>([
    [
      'a path out of it',
      [{ ...data, name: '../data.pkl' }],
      /entry "\.\.\/data\.pkl", which is not a path inside/,
    ],
    ['a path through it', [{ ...data, name: 'x/../../data.pkl' }], /not a path inside the archive/],
    ['an absolute path', [{ ...data, name: '/data.pkl' }], /not a path inside the archive/],
    ['a drive', [{ ...data, name: 'c:data.pkl' }], /not a path inside the archive/],
    ['a backslash', [{ ...data, name: 'x\\data.pkl' }], /not a path inside the archive/],
    ['no name', [{ ...data, name: '' }], /not a path inside the archive/],
    ['an entry twice', [data, data], /has the entry "x\/data\.pkl" twice/],
    ['encryption', [{ ...data, flags: 1 }], /is encrypted/],
    ['a compression it does not know', [{ ...data, method: 93 }], /compression method 93/],
    [
      'a name that the local header contradicts',
      [{ ...data, localName: 'x/data.pkx' }],
      /contradicts the directory/,
    ],
    [
      'overlapping entries',
      [data, { ...storage, start: 10 }],
      /beyond 10 where the next part begins|contradicts/,
    ],
    [
      'an entry that ends in the directory',
      [{ ...data, size: 10_000, compressedSize: 10_000 }],
      /ends at byte 10040/,
    ],
    ['a stored entry of two sizes', [{ ...data, size: 10_000 }], /directory cannot be read/],
    [
      'a bomb',
      [{ name: 'x/data.pkl', bytes: bomb, method: 8 }],
      /to inflate from \d+ to 16777220 bytes, more than 100 times/,
    ],
    [
      'a bomb that claims to be small',
      [{ name: 'x/data.pkl', bytes: bomb, method: 8, size: 1000 }],
      /does not inflate to its 1000 bytes \(ERR_BUFFER_TOO_LARGE\)/,
    ],
    [
      'an entry that inflates to less',
      [{ ...data, method: 8, size: 10_000 }],
      /where 10000 with another checksum belong/,
    ],
    ['a wrong checksum', [{ ...data, method: 8, checksum: 1 }], /with another checksum/],
    [
      'a pickle larger than read',
      [{ ...data, method: 8, size: 2 ** 26 + 1 }],
      /data\.pkl has 67108865 bytes/,
    ],
    ['sizes in a zip64 field that is missing', [{ ...data, size: 2 ** 32 - 1 }], /directory cannot be read/],
    [
      'a zip64 field cut short',
      [{ ...data, size: 2 ** 32 - 1, extra: Buffer.of(1, 0, 4, 0, 1, 2, 3, 4) }],
      /directory cannot/,
    ],
    [
      'a zip64 size beyond counting',
      [{ ...data, size: 2 ** 32 - 1, extra: Buffer.of(1, 0, 8, 0, ...Array(8).fill(255)) }],
      /directory cannot/,
    ],
  ])('%s', async (_, entries, message) => {
    await expectRefusal(handMadeZip(entries), message);
  });

  it('broken deflate data', async () => {
    const bytes = handMadeZip([{ ...data, method: 8 }]);
    bytes.fill(0xff, 45, 60);
    await expectRefusal(bytes, /x\/data\.pkl": does not inflate to its \d+ bytes \(Z_DATA_ERROR\)/);
  });

  it.each<[string, (bytes: Buffer) => void, RegExp]>([
    ['an end that is missing', (bytes) => bytes.subarray(-22).fill(0), /a zip without its end/],
    [
      'a directory of another place',
      (bytes) => bytes.writeUInt32LE(1, bytes.length - 98 + 48),
      /directory cannot be read/,
    ],
    [
      'a directory beyond its end',
      (bytes) => bytes.writeUInt32LE(1e6, bytes.length - 98 + 48),
      /not where its end says/,
    ],
    [
      'a directory larger than read',
      (bytes) => bytes.writeUInt32LE(LARGEST_DIRECTORY + 1, bytes.length - 98 + 40),
      /not where its end says|at most/,
    ],
    [
      'a huge number of entries',
      (bytes) => bytes.writeUInt32LE(2 ** 31, bytes.length - 98 + 32),
      /claims 2147483648 entries/,
    ],
    [
      'more entries than it has',
      (bytes) => bytes.writeUInt32LE(9, bytes.length - 98 + 32),
      /directory cannot be read/,
    ],
    [
      'a zip64 record elsewhere',
      (bytes) => bytes.writeUInt32LE(1, bytes.length - 34),
      /zip64 record is not where/,
    ],
    [
      'a zip64 record beyond the file',
      (bytes) => bytes.writeUInt32LE(1e6, bytes.length - 34),
      /needs bytes 1000000/,
    ],
    [
      'a zip64 record at 2^64 − 1',
      (bytes) => bytes.fill(255, bytes.length - 34, bytes.length - 26),
      /needs bytes 18446744073709552000/,
    ],
  ])('%s', async (_, patch, message) => {
    await expectRefusal(await patched(patch), message);
  });
});
