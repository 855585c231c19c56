import { sizeOf, stridesOf, toNumbers } from '../../../engine/arrays/index.ts';
import { asShape, byteLengthOf } from '../array-extent.ts';
import { FormatError, quote } from '../format-error.ts';
import { decodeElements, type StoredType } from '../stored-type.ts';
import { damaged } from './pickle-machine.ts';
import { describeValue, isKind, type NumpyArray, type NumpyDtype, type PickleValue } from './pickle-value.ts';

/** numpy's element types by their codes: kind and bytes. */
const typesByCode: ReadonlyMap<unknown, StoredType> = new Map([
  ['f2', 'float16'],
  ['f4', 'float32'],
  ['f8', 'float64'],
  ['i1', 'int8'],
  ['i2', 'int16'],
  ['i4', 'int32'],
  ['i8', 'int64'],
  ['u1', 'uint8'],
  ['b1', 'bool'],
]);

/** numpy.dtype(code, …). */
export function numpyDtype([code]: readonly PickleValue[]): NumpyDtype {
  const type = typesByCode.get(code);
  if (type === undefined) {
    throw new FormatError(
      `holds a numpy array of type ${quote(typeof code === 'string' ? code : describeValue(code))}, which is none of ${[...typesByCode.keys()].join(', ')}; save it as a tensor`,
    );
  }
  return { kind: 'numpy dtype', type };
}

/** A dtype's state is (version, byte order, …); single bytes have the order "|". */
export function setByteOrder([, order]: readonly PickleValue[]): void {
  if (order !== '<' && order !== '|') {
    throw new FormatError(
      `holds numpy data of byte order ${typeof order === 'string' ? quote(order) : describeValue(order)}, little-endian is read; save it as a tensor`,
    );
  }
}

/** numpy.core.multiarray.scalar(dtype, bytes): a number. */
export function numpyScalar([dtype, contents]: readonly PickleValue[]): number | bigint | boolean {
  const { type } = asDtype(dtype);
  const bytes = asBytes(contents);
  if (bytes.length !== byteLengthOf(type, [])) throw damaged(`has a ${type} of ${bytes.length} bytes`);
  const array = decodeElements(type, [], new Uint8Array(bytes));
  if (type === 'bool') return array.data[0] === 1;
  const number = toNumbers(array)[0]!;
  return Number.isSafeInteger(number) ? number : type === 'int64' ? BigInt(array.data[0]!) : number;
}

/** An array's state is (version, shape, dtype, is in Fortran's order, bytes). */
export function fillNumpyArray(target: NumpyArray, state: readonly PickleValue[]): void {
  const [, sizes, dtype, isFortranOrder, contents] = state;
  const shape = asShape(isKind(sizes, 'tuple') ? sizes.items : undefined);
  const { type } = asDtype(dtype);
  const bytes = asBytes(contents);
  if (bytes.length !== byteLengthOf(type, shape)) {
    throw damaged(`has a numpy array of ${sizeOf(shape)} ${type} elements in ${bytes.length} bytes`);
  }
  const strides = isFortranOrder === true ? stridesOf(shape.toReversed()).reverse() : stridesOf(shape);
  target.contents = { type, shape, strides, bytes };
}

function asDtype(value: PickleValue | undefined): NumpyDtype {
  if (isKind(value, 'numpy dtype')) return value;
  throw damaged(`has ${describeValue(value)} where a numpy dtype belongs`);
}

function asBytes(value: PickleValue | undefined): Uint8Array {
  if (isKind(value, 'bytes')) return value.bytes;
  throw damaged(`has ${describeValue(value)} where bytes belong`);
}
