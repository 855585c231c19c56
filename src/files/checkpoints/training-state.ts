import { flatten, type NdArray, type Tree } from '../../engine/arrays/index.ts';
import { locate } from '../formats/format-error.ts';
import type { ArraySource } from '../formats/lazy-array.ts';
import { openSafetensors } from '../formats/safetensors/open-safetensors.ts';
import { writeSafetensors } from '../formats/safetensors/write-safetensors.ts';
import { readTree } from './named-arrays.ts';

/**
 * Writes the state of a training, whole or not at all, as safetensors of its leaves by their paths; leaves that are read
 * when they are wanted one after the other.
 */
export const writeTrainingState = (path: string, state: Tree<ArraySource>): Promise<void> =>
  writeSafetensors(path, flatten<ArraySource>(state));

/** Reads it back bit for bit. */
export async function readTrainingState(path: string): Promise<Tree<NdArray>> {
  const file = await openSafetensors(path);
  try {
    return await locate(path, () => readTree(file.arrays, 'as it is'));
  } finally {
    await file.close();
  }
}
