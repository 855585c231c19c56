import { type DType, sizeOf, stridesOf } from '../../../engine/arrays/index.ts';
import { FormatError, quote } from '../format-error.ts';
import { type ArraySource, isArraySource } from '../lazy-array.ts';
import { type Opcode, opcodes } from './opcodes.ts';
import { DEEPEST_CONTENT } from './plain-content.ts';
import type { PlainKey, PlainValue } from './plain-value.ts';

/** What can be saved: plain data with arrays in it. Whole numbers become Python's int, others its float. */
export type SavableValue =
  | PlainValue
  | ArraySource
  | readonly SavableValue[]
  | ReadonlyMap<PlainKey, SavableValue>
  | { readonly [key: string]: SavableValue };

export interface EncodedContent {
  readonly pickle: Uint8Array;
  /** The arrays, each once however often it occurs; its storage key is its place in this list. */
  readonly arrays: readonly ArraySource[];
}

/** The pickle that torch.save would write for these dicts, lists and tensors: protocol 2, without its memo. */
export function encodePickle(content: SavableValue): EncodedContent {
  const arrays = new Map<ArraySource, number>();
  const parts: Uint8Array[] = [op('PROTO', 2)];

  const encode = (value: SavableValue, depth: number): void => {
    checkDepth(depth);
    if (isArraySource(value)) {
      if (!arrays.has(value)) arrays.set(value, arrays.size);
      parts.push(encodeTensor(value, `${arrays.get(value)}`));
    } else if (value instanceof Map) {
      encodeDict(value, depth);
    } else if (isList(value)) {
      parts.push(op('EMPTY_LIST'), op('MARK'));
      for (const item of value) encode(item, depth + 1);
      parts.push(op('APPENDS'));
    } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
      encodeDict(Object.entries(value), depth);
    } else {
      parts.push(encodeScalar(value));
    }
  };

  const encodeDict = (entries: Iterable<readonly [PlainKey, SavableValue]>, depth: number): void => {
    parts.push(op('EMPTY_DICT'), op('MARK'));
    for (const [key, item] of entries) {
      parts.push(encodeScalar(key));
      encode(item, depth + 1);
    }
    parts.push(op('SETITEMS'));
  };

  encode(content, 0);
  parts.push(op('STOP'));
  return { pickle: Buffer.concat(parts), arrays: [...arrays.keys()] };
}

function checkDepth(depth: number): void {
  if (depth > DEEPEST_CONTENT) {
    throw new FormatError(
      `writeTorchFile: the contents nest deeper than ${DEEPEST_CONTENT} levels or contain themselves; flatten them`,
    );
  }
}

const isList = (value: SavableValue): value is readonly SavableValue[] => Array.isArray(value);

const storageClasses: { readonly [D in DType]: string } = {
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  float64: 'DoubleStorage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
};

/** torch._utils._rebuild_tensor_v2(storage, offset 0, shape, strides, requires no gradient, OrderedDict()). */
const encodeTensor = ({ dtype, shape }: ArraySource, key: string): Uint8Array =>
  Buffer.concat([
    encodeGlobal('torch._utils', '_rebuild_tensor_v2'),
    op('MARK'),
    op('MARK'),
    encodeText('storage'),
    encodeGlobal('torch', storageClasses[dtype]),
    encodeText(key),
    encodeText('cpu'),
    encodeNumber(sizeOf(shape)),
    op('TUPLE'),
    op('BINPERSID'),
    encodeNumber(0),
    encodeNumbers(shape),
    encodeNumbers(stridesOf(shape)),
    op('NEWFALSE'),
    encodeGlobal('collections', 'OrderedDict'),
    op('EMPTY_TUPLE'),
    op('REDUCE'),
    op('TUPLE'),
    op('REDUCE'),
  ]);

const encodeNumbers = (values: readonly number[]): Uint8Array =>
  Buffer.concat([op('MARK'), ...values.map(encodeNumber), op('TUPLE')]);

function encodeScalar(value: PlainKey | Uint8Array): Uint8Array {
  if (value === null) return op('NONE');
  if (typeof value === 'boolean') return op(value ? 'NEWTRUE' : 'NEWFALSE');
  if (typeof value === 'string') return encodeText(value);
  return value instanceof Uint8Array ? encodeBytes(value) : encodeNumber(value);
}

function encodeNumber(value: number | bigint): Uint8Array {
  if (typeof value === 'number' && !(Number.isSafeInteger(value) && !Object.is(value, -0))) {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([op('BINFLOAT'), bytes]);
  }
  const integer = BigInt(value);
  if (BigInt.asIntN(32, integer) === integer) return Buffer.concat([op('BININT'), int32(Number(integer))]);
  if (BigInt.asIntN(64, integer) !== integer) {
    throw new FormatError(`writeTorchFile: integers have at most 64 bits, got ${integer}; save it as a text`);
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(integer);
  return Buffer.concat([op('LONG1', 8), bytes]);
}

function encodeText(text: string): Uint8Array {
  if (/\p{Surrogate}/u.test(text)) {
    throw new FormatError(`writeTorchFile: the text ${quote(text)} is not well-formed; correct it`);
  }
  const bytes = Buffer.from(text);
  return Buffer.concat([op('BINUNICODE'), int32(bytes.length), bytes]);
}

/** Protocol 2 has no bytes: pickle writes them as a call of _codecs.encode. */
const encodeBytes = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([
    encodeGlobal('_codecs', 'encode'),
    encodeText(Buffer.from(bytes).toString('latin1')),
    encodeText('latin1'),
    op('TUPLE2'),
    op('REDUCE'),
  ]);

const encodeGlobal = (module: string, name: string): Uint8Array =>
  Buffer.concat([op('GLOBAL'), Buffer.from(`${module}\n${name}\n`)]);

const op = (opcode: Opcode, ...argument: readonly number[]): Uint8Array =>
  Uint8Array.of(opcodes[opcode], ...argument);

function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
