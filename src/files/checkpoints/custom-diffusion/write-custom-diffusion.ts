import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  castArray,
  type NdArray,
  ndArray,
  type TypedArray,
  typedArrays,
} from '../../../engine/arrays/index.ts';
import { FormatError, quote } from '../../formats/format-error.ts';
import type { ArraySource } from '../../formats/lazy-array.ts';
import { writeSafetensors } from '../../formats/safetensors/write-safetensors.ts';
import type { SavableValue } from '../../formats/torch-pickle/encode-pickle.ts';
import { writeTorchFile } from '../../formats/torch-pickle/write-torch-file.ts';
import { writeEmbedding } from '../embedding/write-embedding.ts';
import { toOriginalNames } from '../single-file/convert-names.ts';
import { stableDiffusionPlan, type UnetPlan, unetNaming } from '../single-file/unet-naming.ts';
import { type CustomDiffusion, toProcessorKey } from './custom-diffusion.ts';

export interface WriteCustomDiffusionOptions {
  /** Default `torch`: diffusers looks for .bin files unless told otherwise. */
  readonly format?: 'safetensors' | 'torch';
}

/**
 * Writes diffusers' files into a folder: pytorch_custom_diffusion_weights, for `load_attn_procs`, and one file for
 * each token, for `load_textual_inversion`.
 */
export async function writeCustomDiffusion(
  folder: string,
  { replacements, embeddings }: CustomDiffusion,
  { format = 'torch' }: WriteCustomDiffusionOptions = {},
): Promise<void> {
  const ending = format === 'torch' ? 'bin' : 'safetensors';
  const arrays = new Map<string, ArraySource>();
  for (const [name, array] of replacements) {
    const key = toProcessorKey(name);
    if (key === undefined) {
      throw new FormatError(
        `diffusers' processors do not replace ${quote(name)}; write the original's delta file`,
      );
    }
    arrays.set(key, array);
  }
  for (const { token } of embeddings) checkFileName(token);
  await mkdir(folder, { recursive: true });
  const path = join(folder, `pytorch_custom_diffusion_weights.${ending}`);
  if (format === 'torch')
    await writeTorchFile(
      path,
      new Map<string, SavableValue>([...arrays, ...emptySelfAttentions(arrays.keys())]),
    );
  else await writeSafetensors(path, arrays, { metadata: new Map([['format', 'pt']]) });
  for (const embedding of embeddings) {
    await writeEmbedding(join(folder, `${embedding.token}.${ending}`), embedding, { format });
  }
}

/** Writes the original repository's delta.ckpt; one vector a word is all that it has room for. */
export async function writeCustomDiffusionDelta(
  path: string,
  { replacements, embeddings }: CustomDiffusion,
  plan: UnetPlan = stableDiffusionPlan,
): Promise<void> {
  const stateDict = new Map(toOriginalNames(replacements, unetNaming(plan)));
  if (embeddings.length > 0)
    stateDict.set(
      'embed',
      stacked(
        path,
        embeddings.map(({ vectors }) => vectors),
      ),
    );
  await writeTorchFile(path, { state_dict: stateDict });
}

/** As diffusers' save_attn_procs does it: an empty dict for each processor without weights. */
const emptySelfAttentions = (keys: Iterable<string>): ReadonlyMap<string, ReadonlyMap<string, never>> =>
  new Map(
    [...keys].flatMap((key) => {
      const [, attention] = /^(.+)\.attn2\.processor\./.exec(key) ?? [];
      return attention === undefined
        ? []
        : [[`${attention}.attn1.processor`, new Map<string, never>()] as const];
    }),
  );

/** A token is a word of prompts and becomes a file's name. */
function checkFileName(token: string): void {
  if (!/[/\\:\0]/.test(token) && token !== '' && !/^\.+$/.test(token)) return;
  throw new FormatError(
    `the token ${quote(token)} cannot be the name of a file; choose one such as "<new1>"`,
  );
}

function stacked(path: string, vectors: readonly NdArray[]): NdArray {
  const [first] = vectors as readonly [NdArray];
  const size = first.shape[1]!;
  if (vectors.some(({ shape }) => shape[0] !== 1 || shape[1] !== size)) {
    throw new FormatError(
      `${path}: a delta.ckpt has one vector a word, all of one size; write diffusers' files`,
    );
  }
  const data = new typedArrays[first.dtype](vectors.length * size);
  for (const [row, array] of vectors.entries())
    data.set(castArray(array, first.dtype).data as never, row * size);
  return ndArray(first.dtype, [vectors.length, size], data as TypedArray);
}
