import { type Opcode, opcodes } from '../../../src/files/formats/torch-pickle/opcodes.ts';

/** An opcode by its name, or bytes as they are. */
export type PickleItem = Opcode | Uint8Array | readonly PickleItem[];

/** A pickle by hand: `pickle('EMPTY_DICT', text('a'), int(1), 'SETITEM')` is {'a': 1}. */
export const pickle = (...items: readonly PickleItem[]): Buffer =>
  Buffer.concat([Buffer.of(opcodes.PROTO, 2), assemble(items), Buffer.of(opcodes.STOP)]);

const assemble = (items: readonly PickleItem[]): Buffer =>
  Buffer.concat(
    items.map((item) => {
      if (typeof item === 'string') return Buffer.of(opcodes[item]);
      return item instanceof Uint8Array ? item : assemble(item);
    }),
  );

export const text = (value: string): PickleItem => {
  const bytes = Buffer.from(value);
  return [Buffer.of(opcodes.BINUNICODE), uint32(bytes.length), bytes];
};

export const int = (value: number): PickleItem =>
  value === value >> 0
    ? Buffer.of(opcodes.BININT, value, value >> 8, value >> 16, value >> 24)
    : long(BigInt(value), 8);

export function long(value: bigint, length: number): PickleItem {
  const bytes = Array.from({ length }, (_, index) => Number(BigInt.asUintN(8, value >> BigInt(8 * index))));
  return Buffer.of(opcodes.LONG1, length, ...bytes);
}

export const global = (module: string, name: string): PickleItem => [
  Buffer.of(opcodes.GLOBAL),
  Buffer.from(`${module}\n${name}\n`),
];

export const put = (index: number): PickleItem => Buffer.of(opcodes.BINPUT, index);
export const get = (index: number): PickleItem => Buffer.of(opcodes.BINGET, index);

export const tuple = (...items: readonly PickleItem[]): PickleItem => ['MARK', ...items, 'TUPLE'];
export const list = (...items: readonly PickleItem[]): PickleItem => [
  'EMPTY_LIST',
  'MARK',
  ...items,
  'APPENDS',
];
export const dict = (...items: readonly PickleItem[]): PickleItem => [
  'EMPTY_DICT',
  'MARK',
  ...items,
  'SETITEMS',
];
export const call = (module: string, name: string, ...args: readonly PickleItem[]): PickleItem => [
  global(module, name),
  tuple(...args),
  'REDUCE',
];

export interface TensorParts {
  readonly storage?: string;
  readonly key?: string;
  readonly size?: number;
  readonly offset?: number;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
  readonly view?: PickleItem;
}

/** A tensor as torch.save writes it; by default the four float32 elements of storage '0'. */
export function tensor(parts: TensorParts = {}): PickleItem {
  const { storage = 'FloatStorage', key = '0', size = 4, offset = 0, shape = [4], strides = [1] } = parts;
  const id = [text('storage'), global('torch', storage), text(key), text('cpu'), int(size)];
  return call(
    'torch._utils',
    '_rebuild_tensor_v2',
    [tuple(...id, ...(parts.view ? [parts.view] : [])), 'BINPERSID'],
    int(offset),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    'NEWFALSE',
    call('collections', 'OrderedDict'),
  );
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
