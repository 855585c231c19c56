import { expect } from 'vitest';
import { castArray, type DType } from '../../../src/engine/index.ts';
import type { ArraySources } from '../../../src/files/checkpoints/index.ts';
import { readArray } from '../../../src/files/formats/index.ts';

/** The same names, shapes, types and bits; `dtype` is what the expected ones were rounded to. */
export async function expectSameArrays(
  found: ArraySources,
  expected: ArraySources,
  dtype?: DType,
): Promise<void> {
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, source] of expected) {
    const array = await readArray(source);
    const wanted = dtype === undefined ? array : castArray(array, dtype);
    const ours = await readArray(found.get(name)!);
    if (
      bits(ours) !== bits(wanted) ||
      ours.shape.join() !== wanted.shape.join() ||
      ours.dtype !== wanted.dtype
    ) {
      expect.fail(`${name} differs`);
    }
  }
}

const bits = ({ data }: { readonly data: ArrayBufferView }): string =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1');
