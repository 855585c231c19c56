import fc from 'fast-check';
import { type DType, type NdArray, ndArray, typedArrays } from '../../../src/engine/arrays/index.ts';

const dtypes = Object.keys(typedArrays) as DType[];

/** Arrays of every dtype, of any bits: NaNs with payloads, subnormals, sizes of 0, scalars. */
export const arbitraryArray: fc.Arbitrary<NdArray> = fc
  .tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(4), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const bytes = length * typedArrays[dtype].BYTES_PER_ELEMENT;
    const byte = dtype === 'bool' ? fc.nat(1) : fc.nat(255);
    return fc.array(byte, { minLength: bytes, maxLength: bytes }).map((values) => {
      const { buffer } = Uint8Array.from(values);
      return ndArray(dtype, shape, new typedArrays[dtype](buffer, 0, length));
    });
  });

/** Names that files must keep apart and intact. */
export const arbitraryName: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('__proto__', 'constructor', '0', '10', 'a.b', '名前', '🐱'),
);

/** The array as comparable plain data: equal exactly if dtype, shape and every bit are. */
export const bitsOf = ({ dtype, shape, data }: NdArray) => ({
  dtype,
  shape,
  bytes: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
});
