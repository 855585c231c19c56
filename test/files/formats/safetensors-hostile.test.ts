import { describe, expect, it } from 'vitest';
import { LARGEST_HEADER } from '../../../src/files/formats/safetensors/open-safetensors.ts';
import { expectRefusal, readEverything } from './expect-refusal.ts';
import { safetensorsBytes } from './safetensors-bytes.ts';

const tensor = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') => ({
  dtype,
  shape,
  data_offsets: offsets,
});

const claimsHeader = (length: bigint) => {
  const bytes = safetensorsBytes({});
  bytes.writeBigUInt64LE(length);
  return bytes;
};

const cases: readonly (readonly [title: string, bytes: Buffer, message: RegExp])[] = [
  ['an oversized header', claimsHeader(BigInt(LARGEST_HEADER) + 1n), /at most 25000000 bytes, .* 25000001/],
  ['a header of 2^64 − 1 bytes', claimsHeader(2n ** 64n - 1n), /at most 25000000 bytes/],
  ['a header beyond the file', claimsHeader(1000n), /needs bytes 8 to 1008 but ends at 10/],
  ['broken JSON', safetensorsBytes('{"a":'), /JSON cannot be read/],
  ['broken JSON of several lines', safetensorsBytes('{"a":\n\n\u0007'), /JSON cannot be read/],
  ['a text that never ends', safetensorsBytes('{"a'), /JSON cannot be read/],
  ['a broken escape in a key', safetensorsBytes('{"\\x":1}'), /JSON cannot be read/],
  [
    'a name twice',
    safetensorsBytes('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}}'),
    /key "a" twice/,
  ],
  ['a name twice, once escaped', safetensorsBytes('{"a":{},"\\u0061" :{}}'), /key "a" twice/],
  ['a key of an entry twice', safetensorsBytes('{"a":{"dtype":"U8","dtype":"F32"}}'), /key "dtype" twice/],
  ['metadata twice', safetensorsBytes('{"__metadata__":{},"__metadata__":{}}'), /key "__metadata__" twice/],
  ['deep nesting', safetensorsBytes(`{"a":${'['.repeat(100_000)}`), /nests deeper than 3 levels/],
  ['metadata that is no text', safetensorsBytes({ __metadata__: { a: 1 } }), /__metadata__ is not an object/],
  ['metadata that is a list', safetensorsBytes({ __metadata__: ['a'] }), /__metadata__ is not an object/],
  ['an entry that is no object', safetensorsBytes({ a: 3 }), /tensor "a": its header entry is not an object/],
  [
    'a dtype it cannot read',
    safetensorsBytes({ a: tensor([1], [0, 1], 'F8_E4M3') }, 1),
    /"F8_E4M3".*convert/,
  ],
  ['a dtype that is no text', safetensorsBytes({ a: tensor([1], [0, 1], ['F32']) }, 4), /is none of/],
  ["a dtype of an object's own", safetensorsBytes({ a: tensor([], [0, 4], 'constructor') }, 4), /none of/],
  ['a negative size', safetensorsBytes({ a: tensor([-1], [0, 4]) }, 4), /whole numbers ≥ 0, found \[-1\]/],
  ['a size with a fraction', safetensorsBytes({ a: tensor([0.5], [0, 2]) }, 2), /found \[0.5\]/],
  [
    'a size that is a text',
    safetensorsBytes({ a: tensor(['a\nb', null], [0, 4]) }, 4),
    /found \[string, object\]/,
  ],
  ['a shape that is no list', safetensorsBytes({ a: tensor('1', [0, 4]) }, 4), /found string/],
  [
    'too many axes',
    safetensorsBytes({ a: tensor(Array(65).fill(1), [0, 4]) }, 4),
    /at most 64 whole numbers/,
  ],
  [
    'a size beyond counting',
    safetensorsBytes({ a: tensor([2 ** 40, 2 ** 40], [0, 4]) }, 4),
    /more elements than/,
  ],
  [
    'a size beyond numbers',
    safetensorsBytes('{"a":{"dtype":"U8","shape":[1e999],"data_offsets":[0,0]}}'),
    /\[Infinity\]/,
  ],
  ['a huge claimed size', safetensorsBytes({ a: tensor([2 ** 40], [0, 2 ** 42]) }, 4), /the file is cut off/],
  [
    'offsets that do not fit the shape',
    safetensorsBytes({ a: tensor([2], [0, 4]) }, 4),
    /takes 8 bytes, .* hold 4/,
  ],
  ['offsets that run backwards', safetensorsBytes({ a: tensor([1], [4, 0]) }, 4), /not two whole numbers/],
  ['offsets that are three', safetensorsBytes({ a: tensor([1], [0, 4, 8]) }, 4), /not two whole numbers/],
  ['no offsets', safetensorsBytes({ a: { dtype: 'F32', shape: [1] } }, 4), /not two whole numbers/],
  [
    'tensors that overlap',
    safetensorsBytes({ a: tensor([2], [0, 8]), b: tensor([2], [4, 12]) }, 12),
    /tensor "b": expected to begin at byte 8 .* begins at 4, overlapping/,
  ],
  [
    'a hole between tensors',
    safetensorsBytes({ a: tensor([1], [0, 4]), b: tensor([1], [8, 12]) }, 12),
    /tensor "b": expected to begin at byte 4 .* leaving a hole/,
  ],
  ['a hole at the start', safetensorsBytes({ a: tensor([1], [4, 8]) }, 8), /begin at byte 0 /],
  [
    'something after the last tensor',
    safetensorsBytes({ a: tensor([1], [0, 4]) }, 5),
    /something was appended/,
  ],
  ['a tensor beyond the file', safetensorsBytes({ a: tensor([1], [0, 4]) }, 3), /the file is cut off/],
];

describe('a safetensors file is refused for', () => {
  it.each(cases)('%s', async (_, bytes, message) => {
    await expectRefusal(bytes, message);
  });

  it('a bool that is neither 0 nor 1, when it is read', async () => {
    const bytes = safetensorsBytes({ mask: tensor([3], [0, 3], 'BOOL') }, 3);
    bytes[bytes.length - 1] = 2;
    await expectRefusal(bytes, /tensor "mask": a bool is stored as 0 or 1, element 2 is 2/);
  });

  it('names that are not UTF-8', async () => {
    const bytes = safetensorsBytes('{"a":{}}');
    bytes[10] = 0xff;
    await expectRefusal(bytes, /JSON cannot be read/);
  });
});

describe('a safetensors file is read with', () => {
  it('names that mean something to JavaScript', async () => {
    const file = await readEverything(
      safetensorsBytes('{"__proto__":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}', 1),
    );
    expect([...file.arrays.keys()]).toEqual(['__proto__']);
  });

  it('no tensors at all', async () => {
    expect((await readEverything(safetensorsBytes({}))).arrays.size).toBe(0);
  });

  it('int8 and int16, as int32', async () => {
    const bytes = safetensorsBytes({ i8: tensor([2], [0, 2], 'I8'), i16: tensor([1], [2, 4], 'I16') }, 4);
    Buffer.from([0xff, 0x7f, 0x00, 0x80]).copy(bytes, bytes.length - 4);
    const { arrays } = await readEverything(bytes);
    const i8 = await arrays.get('i8')!.read();
    const i16 = await arrays.get('i16')!.read();
    expect([i8.dtype, ...i8.data, i16.dtype, ...i16.data]).toEqual(['int32', -1, 127, 'int32', -32768]);
  });
});
