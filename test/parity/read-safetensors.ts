import { readFileSync } from 'node:fs';
import { type DType, type NdArray, ndArray, typedArrays } from '../../src/engine/arrays/index.ts';

/** The tensors of a .safetensors file by name; trusts its input, which is a fixture. */
export function readSafetensors(path: string): ReadonlyMap<string, NdArray> {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<string, HeaderEntry>;
  const tensors = new Map<string, NdArray>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const type = dtypes[dtype];
    if (type === undefined) throw new Error(`readSafetensors: ${name} in ${path} has type ${dtype}`);
    const [start, end] = data_offsets;
    const data = Uint8Array.from(bytes.subarray(8 + headerLength + start, 8 + headerLength + end)).buffer;
    tensors.set(name, ndArray(type, shape, new typedArrays[type](data)));
  }
  return tensors;
}

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const dtypes: Readonly<Record<string, DType>> = {
  F32: 'float32',
  F64: 'float64',
  F16: 'float16',
  I64: 'int64',
  I32: 'int32',
  U8: 'uint8',
};
