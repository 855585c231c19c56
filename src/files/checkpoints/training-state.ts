import { flatten, type NdArray, type Tree } from '../../engine/arrays/index.ts';
import { locate } from '../formats/format-error.ts';
import { openSafetensors } from '../formats/safetensors/open-safetensors.ts';
import { writeSafetensors } from '../formats/safetensors/write-safetensors.ts';
import { readTree } from './named-arrays.ts';

/** Writes the state of a training, whole or not at all, as safetensors of its leaves by their paths. */
export const writeTrainingState = (path: string, state: Tree<NdArray>): Promise<void> =>
  writeSafetensors(path, flatten<NdArray>(state));

/** Reads it back bit for bit. */
export async function readTrainingState(path: string): Promise<Tree<NdArray>> {
  const file = await openSafetensors(path);
  try {
    return await locate(path, () => readTree(file.arrays, 'as it is'));
  } finally {
    await file.close();
  }
}
