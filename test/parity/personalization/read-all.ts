import type { NdArray } from '../../../src/engine/index.ts';
import { openArrays } from '../../../src/files/formats/index.ts';

/** The tensors of a file that has half floats too, which the fixtures' own reader does not know. */
export async function readAll(path: string): Promise<ReadonlyMap<string, NdArray>> {
  const file = await openArrays(path);
  const arrays = new Map<string, NdArray>();
  for (const [name, array] of file.arrays) arrays.set(name, await array.read());
  await file.close();
  return arrays;
}
