import { describe, expect, it } from 'vitest';
import { MOST_STEPS } from '../../../src/files/formats/torch-pickle/pickle-machine.ts';
import { expectRefusal, readEverything } from './expect-refusal.ts';
import {
  call,
  dict,
  get,
  global,
  int,
  list,
  long,
  type PickleItem,
  pickle,
  put,
  type TensorParts,
  tensor,
  text,
  tuple,
} from './pickle-bytes.ts';
import { float32Bytes, type LegacyParts, torchLegacy, torchZip, zipBytes } from './torch-bytes.ts';

/** A list that holds the one before it twice, and so on: 2^depth values in 7 bytes a level. */
const laughs = (depth: number): PickleItem[] =>
  depth === 0 ? ['EMPTY_LIST', put(0)] : [...laughs(depth - 1), 'POP', list(get(0), get(0)), put(0)];

const nested = (depth: number): PickleItem => (depth === 0 ? 'NONE' : list(nested(depth - 1)));

const objects: readonly (readonly [title: string, object: PickleItem, message: RegExp])[] = [
  ['os.system', call('os', 'system', text('true')), /pickle byte 2: asks for "os\.system".*nothing was run/],
  ['posix.system', call('posix', 'system', text('true')), /asks for "posix\.system"/],
  ['eval', call('__builtin__', 'eval', text('1')), /asks for "__builtin__\.eval"/],
  ['a global of protocol 4', [text('os'), text('system'), 'STACK_GLOBAL'], /asks for "os\.system"/],
  ['a global named by numbers', [int(1), int(2), 'STACK_GLOBAL'], /names a global by no text/],
  ['a global that looks like a property', global('', 'constructor'), /asks for "\.constructor"/],
  ['a name that never ends', [Buffer.from('c'), Buffer.alloc(300, 0x61)], /name in its pickle has more than/],
  ['a quote in a name', call('a"\u0001', 'b'), /asks for "a\\"\\u0001\.b"/],
  ['a function as data', global('torch._utils', '_rebuild_tensor_v2'), /at "" it holds torch\._utils/],
  ['a storage called', call('torch', 'FloatStorage'), /calls torch\.FloatStorage, which nothing calls/],
  ['a dtype called', call('torch', 'float32'), /calls torch\.float32/],
  ['calling a text', [text('a'), tuple(), 'REDUCE'], /calls something that is not a global/],
  ['arguments that are no tuple', [global('torch', 'Size'), int(1), 'REDUCE'], /a number for torch\.Size/],
  ['no arguments at all', [global('torch', 'Size'), 'REDUCE'], /empty stack/],
  ['an opcode of protocol 0', Buffer.from('I1\n'), /has the byte 0x49 where/],
  ['an unknown opcode', Buffer.of(0xff), /byte 0xff/],
  ['protocol 6', Buffer.of(0x80, 6), /claims protocol 6/],
  ['a stack with nothing on it', ['POP'], /takes a value from an empty stack/],
  ['taking from below a mark', ['NONE', 'MARK', 'POP'], /empty stack/],
  ['a mark never made', ['NONE', 'TUPLE'], /returns to a mark it never made/],
  ['a memo entry never stored', get(7), /recalls entry "7"/],
  ['a text beyond its end', [Buffer.of(0x58, 0xff, 0xff, 0xff, 0xff)], /ends in the middle/],
  ['a text that is not UTF-8', Buffer.of(0x8c, 1, 0xff), /not UTF-8/],
  ['an integer of 255 bytes', long(1n, 255), /integer in its pickle has 255 bytes/],
  ['a key twice', dict(text('a'), int(1), text('a'), int(2)), /the key "a" is twice/],
  [
    'a key twice, one by one',
    ['EMPTY_DICT', text('a'), int(1), 'SETITEM', text('a'), int(2), 'SETITEM'],
    /twice/,
  ],
  [
    'a key twice in an OrderedDict',
    call('collections', 'OrderedDict', list(list(int(1), int(2)), list(int(1), int(2)))),
    /twice/,
  ],
  ['a key without a value', dict(text('a')), /a key without a value/],
  ['a list as a key', dict('EMPTY_LIST', int(1)), /has a list as a key/],
  ['an item of a list', ['EMPTY_LIST', text('a'), int(1), 'SETITEM'], /sets an item of a list/],
  ['appending to a dict', ['EMPTY_DICT', int(1), 'APPEND'], /not a list/],
  ['a state for a list', ['EMPTY_LIST', 'NONE', 'BUILD'], /gives a state to a list/],
  [
    'a list that contains itself',
    ['EMPTY_LIST', put(0), get(0), 'APPEND'],
    /nest deeper than 32 levels or contain themselves/,
  ],
  ['a dict that contains itself', ['EMPTY_DICT', put(0), text('a'), get(0), 'SETITEM'], /contain themselves/],
  ['deep nesting', nested(40), /nest deeper than 32 levels/],
  [
    'deep nesting of a hundred thousand',
    [Buffer.alloc(100_000, ']'), Buffer.alloc(99_999, 'a')],
    /nest deeper/,
  ],
  ['billions of values in a few bytes', laughs(30), /more than 1000000 values/],
  ['more steps than it may take', [Buffer.alloc(MOST_STEPS, '0N'), 'NONE'], /takes a value from an empty/],
  ['millions of lists', Buffer.alloc(MOST_STEPS + 1, ']'), /takes more than 1000000 steps/],
  [
    'copying a long text again and again',
    [
      [text('a'.repeat(1_000_000)), put(0), text('latin1'), put(1)],
      Array<PickleItem>(20).fill([global('_codecs', 'encode'), get(0), get(1), 'TUPLE2', 'REDUCE']),
    ],
    /takes more than 1000000 steps/,
  ],
  [
    'a long text in ever new devices',
    [
      [text('a'.repeat(1_000_000)), put(0)],
      Array<PickleItem>(20).fill([global('torch', 'device'), get(0), int(1), 'TUPLE2', 'REDUCE']),
    ],
    /takes more than 1000000 steps/,
  ],
  [
    'many parameters in ever new dicts',
    [
      dict(
        text('_parameters'),
        dict(...Array.from({ length: 10_000 }, (_, key) => [int(key), 'NONE'] as const)),
      ),
      put(0),
      Array<PickleItem>(200).fill([call('torch.nn.modules.container', 'ParameterDict'), get(0), 'BUILD']),
    ],
    /takes more than 1000000 steps/,
  ],
  ['another codec', call('_codecs', 'encode', text('a'), text('bz2')), /encodes a text otherwise/],
  ['bytes of a number', call('__builtin__', 'bytes', int(9)), /makes bytes of an argument/],
  [
    'a parameter of a text',
    call('torch._utils', '_rebuild_parameter', text('a')),
    /makes a parameter of a string/,
  ],
  ['a device of a list', call('torch', 'device', 'EMPTY_LIST'), /makes a device of a list/],
  ['a tensor of a text', call('torch._utils', '_rebuild_tensor_v2', text('a')), /makes a tensor of a string/],
  ['a name as long as a file', dict(text('a'.repeat(2000)), tensor()), /has 2000 characters/],
  [
    'two tensors of one path',
    dict(text('a.b'), tensor(), text('a'), dict(text('b'), tensor())),
    /path "a\.b"/,
  ],
  [
    'a ParameterDict without state',
    [call('torch.nn.modules.container', 'ParameterDict'), 'NONE', 'BUILD'],
    /without parameters/,
  ],
  ['numpy objects', call('numpy', 'dtype', text('O8')), /numpy array of type "O8"/],
  [
    'big-endian numpy',
    [call('numpy', 'dtype', text('f4')), tuple(int(3), text('>')), 'BUILD'],
    /byte order ">"/,
  ],
  [
    'a numpy scalar of no dtype',
    call('numpy.core.multiarray', 'scalar', int(1)),
    /a number where a numpy dtype/,
  ],
  [
    'a numpy array that stays empty',
    call('numpy.core.multiarray', '_reconstruct', int(1)),
    /without contents/,
  ],
  [
    'a numpy array of other bytes',
    [
      call('numpy.core.multiarray', '_reconstruct', int(1)),
      tuple(
        int(1),
        tuple(int(2 ** 40)),
        call('numpy', 'dtype', text('f4')),
        'NEWFALSE',
        call('__builtin__', 'bytes'),
      ),
      'BUILD',
    ],
    /1099511627776 float32 elements in 0 bytes/,
  ],
  ['a storage named otherwise', [tuple(text('module')), 'BINPERSID'], /names a storage in a way/],
  ['a storage named by a text', [text('0'), 'BINPERSID'], /a string where a tuple belongs/],
  [
    'a storage of two types',
    tuple(tensor(), tensor({ storage: 'IntStorage' })),
    /first 4 elements of float32, then 4 of int32/,
  ],
];

const tensors: readonly (readonly [title: string, parts: TensorParts, message: RegExp])[] = [
  ['beyond its storage', { shape: [5] }, /shape \[5\] ends at element 5 of storage "0", which has 4/],
  ['beyond its storage by offset', { offset: 1 }, /ends at element 5/],
  ['beyond its storage by strides', { shape: [2, 2], strides: [3, 1] }, /ends at element 5/],
  ['of strides beyond counting', { shape: [2], strides: [2 ** 52] }, /ends at element 4503599627370497/],
  ['of a huge claimed shape', { shape: [2 ** 40, 2 ** 20], strides: [0, 0] }, /more elements than any file/],
  ['of one element a billion times', { shape: [2 ** 30], strides: [0] }, /repeats the 4 elements/],
  ['of a negative size', { shape: [-1] }, /whole numbers ≥ 0/],
  ['of a negative stride', { strides: [-1] }, /strides that are not whole numbers ≥ 0/],
  ['of a negative offset', { offset: -1 }, /an offset or strides/],
  ['of fewer strides than sizes', { shape: [2, 2], strides: [1] }, /an offset or strides/],
  ['of too many axes', { shape: Array(65).fill(1), strides: Array(65).fill(1) }, /at most 64/],
  ['in a storage of a negative size', { size: -1 }, /names a storage in a way/],
  ['in a storage of another size', { size: 5 }, /5 elements of float32, 20 bytes, but the zip has 16 bytes/],
  ['in a huge claimed storage', { size: 2 ** 50 }, /but the zip has 16 bytes/],
  ['in a storage that is not there', { key: '1' }, /storage "1" .* but the zip has nothing/],
  ['in a storage outside of the archive', { key: '../data.pkl' }, /but the zip has nothing/],
];

const legacy: readonly (readonly [title: string, parts: LegacyParts, message: RegExp])[] = [
  ['another magic number', { magic: long(1n, 10) }, /a pickle but not one of torch\.save/],
  ['another version', { version: int(1000) }, /begins with a magic number and version 1001/],
  [
    'big-endian data',
    { system: dict(text('little_endian'), 'NEWFALSE') },
    /not say that it is little-endian/,
  ],
  ['no list of storages', { keys: [] }, /in storage "0", which the file does not list/],
  ['a storage listed twice', { keys: ['0', '0'] }, /needs bytes .* ends at|listed twice/],
  ['a storage no tensor names', { keys: ['9'] }, /lists storage "9", which no tensor names/],
  [
    'another count',
    { storages: [{ count: 3, bytes: Buffer.alloc(16) }] },
    /4 elements by its tensors, 3 by its own/,
  ],
  ['a negative count', { storages: [{ count: -4, bytes: Buffer.alloc(16) }] }, /-4 by its own count/],
  [
    'a storage cut off',
    { storages: [{ count: 4, bytes: Buffer.alloc(15) }] },
    /its storages end at byte .* cut off/,
  ],
];

describe('a torch file is refused for', () => {
  it.each(objects)('%s', async (_, object, message) => {
    await expectRefusal(await torchZip(object), message);
  });

  it.each(tensors)('a tensor %s', async (_, parts, message) => {
    await expectRefusal(await torchZip(tensor(parts)), message);
  });

  it.each(legacy)('%s, in the legacy format', async (_, parts, message) => {
    await expectRefusal(torchLegacy(tensor(), parts), message);
  });

  it('os.system in whichever pickle of the legacy format', async () => {
    const harm = call('os', 'system', text('true'));
    for (const bytes of [
      torchLegacy(harm),
      torchLegacy(tensor(), { magic: harm }),
      torchLegacy(tensor(), { version: harm }),
      torchLegacy(tensor(), { system: harm }),
    ]) {
      await expectRefusal(bytes, /asks for "os\.system"/);
    }
  });

  it('a bool that is neither 0 nor 1, when it is read', async () => {
    const bytes = await torchZip(tensor({ storage: 'BoolStorage' }), { 0: Buffer.of(0, 1, 2, 0) });
    await expectRefusal(bytes, /tensor "": a bool is stored as 0 or 1, element 2 is 2/);
  });

  it.each([
    [
      'no pickle',
      { 'x/version': Buffer.from('3') },
      /a zip with one folder that has a data\.pkl, this zip has 0/,
    ],
    ['two pickles', { 'x/data.pkl': pickle('NONE'), 'y/data.pkl': pickle('NONE') }, /this zip has 2/],
    [
      'a pickle cut off',
      { 'x/data.pkl': Buffer.of(0x80, 2) },
      /pickle byte 2: its pickle ends in the middle/,
    ],
    [
      'big-endian data',
      { 'x/data.pkl': pickle('NONE'), 'x/byteorder': Buffer.from('big') },
      /byte order is "big"/,
    ],
  ])('a zip with %s', async (_, files, message) => {
    await expectRefusal(await zipBytes(files), message);
  });
});

describe('a torch file is read with', () => {
  it('a view of a storage in a view, as PyTorch wrote before 2018', async () => {
    const view = tuple(text('view'), int(1), int(2));
    const file = await readEverything(torchLegacy(tensor({ shape: [1], offset: 1, view })));
    expect((await file.arrays.get('')!.read()).data).toEqual(Float32Array.of(2));
    const beyond = torchLegacy(tensor({ shape: [2], offset: 1, view }));
    await expectRefusal(beyond, /ends at element 3 of storage "0", which has 2/);
    const outside = tensor({ view: tuple(text('view'), int(3), int(2)) });
    await expectRefusal(torchLegacy(outside), /view of a storage that ends outside/);
  });

  it('strided views of eight-byte elements, NaN payloads kept', async () => {
    const words = BigUint64Array.of(1n, 0x7ff0_0000_0000_0001n, 3n, 0xfff4_5678_9abc_def0n);
    const object = tensor({ storage: 'DoubleStorage', shape: [2, 2], strides: [1, 2] });
    const file = await readEverything(await torchZip(object, { 0: new Uint8Array(words.buffer) }));
    const { data } = await file.arrays.get('')!.read();
    const expected = BigUint64Array.of(words[0]!, words[2]!, words[1]!, words[3]!);
    expect(Buffer.from(data.buffer)).toEqual(Buffer.from(expected.buffer));
  });

  it('an empty view that begins at the end of its storage', async () => {
    const file = await readEverything(await torchZip(tensor({ shape: [0, 3], strides: [3, 1], offset: 4 })));
    expect(await file.arrays.get('')!.read()).toMatchObject({ shape: [0, 3], data: new Float32Array() });
  });

  it('a numpy array in Fortran order', async () => {
    const bytes = Buffer.from(float32Bytes(0, 1, 2, 3, 4, 5)).toString('latin1');
    const array: PickleItem = [
      call('numpy.core.multiarray', '_reconstruct', global('numpy', 'ndarray')),
      tuple(
        int(1),
        tuple(int(2), int(3)),
        call('numpy', 'dtype', text('f4')),
        'NEWTRUE',
        call('_codecs', 'encode', text(bytes), text('latin1')),
      ),
      'BUILD',
    ];
    const file = await readEverything(await torchZip(array, {}));
    expect((await file.arrays.get('')!.read()).data).toEqual(Float32Array.of(0, 2, 4, 1, 3, 5));
  });

  it('protocol 4, classes as keys, devices, sets and attributes of a state dict', async () => {
    const object = dict(
      global('pytorch_lightning.callbacks.model_checkpoint', 'ModelCheckpoint'),
      call('torch', 'device', text('cuda'), int(0)),
      [Buffer.of(0x8c, 3), Buffer.from('set')],
      ['EMPTY_SET', 'MARK', int(1), int(2), 'ADDITEMS'],
      text('state'),
      [call('collections', 'OrderedDict'), dict(text('_metadata'), 'NONE'), 'BUILD'],
    );
    const file = await readEverything(await torchZip([Buffer.of(0x95), Buffer.alloc(8), object], {}));
    expect(file.format === 'torch' && file.content).toEqual(
      new Map<string, unknown>([
        ['pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint', 'cuda:0'],
        ['set', [1, 2]],
        ['state', new Map()],
      ]),
    );
  });
});
