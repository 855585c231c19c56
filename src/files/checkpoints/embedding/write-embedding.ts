import { castArray, type NdArray, ndArray } from '../../../engine/arrays/index.ts';
import { FormatError, quote } from '../../formats/format-error.ts';
import { writeSafetensors } from '../../formats/safetensors/write-safetensors.ts';
import type { SavableValue } from '../../formats/torch-pickle/encode-pickle.ts';
import { writeTorchFile } from '../../formats/torch-pickle/write-torch-file.ts';
import type { EmbeddingLayout, LearnedEmbedding } from './learned-embedding.ts';

export interface WriteEmbeddingOptions {
  /** Default `diffusers`. A1111 calls a word by the name of its file, whatever stands in it. */
  readonly layout?: EmbeddingLayout;
  /** Default: by the ending, `.pt` and `.bin` are torch files, everything else safetensors. */
  readonly format?: 'safetensors' | 'torch';
}

/** Writes an embedding for diffusers' `load_textual_inversion`, or for A1111's folder of embeddings. */
export async function writeEmbedding(
  path: string,
  embedding: Pick<LearnedEmbedding, 'token' | 'vectors'>,
  {
    layout = 'diffusers',
    format = /\.(pt|bin)$/.test(path) ? 'torch' : 'safetensors',
  }: WriteEmbeddingOptions = {},
): Promise<void> {
  const { token, vectors } = embedding;
  if (vectors.shape.length !== 2 || token === '') {
    throw new FormatError(
      `${path}: an embedding has a token and [vectors, size], got ${quote(token)} and [${vectors.shape.join(', ')}]`,
    );
  }
  const content = contents[layout](token, vectors);
  if (format === 'torch') return writeTorchFile(path, content);
  if (layout === 'a1111') {
    throw new FormatError(
      `${path}: string_to_param is a torch file's; name it .pt, or write the emb_params layout`,
    );
  }
  await writeSafetensors(path, Object.entries(content as Readonly<Record<string, NdArray>>));
}

/** One vector of diffusers' is a tensor of one axis, as its training script saves it. */
const contents: {
  readonly [L in EmbeddingLayout]: (
    token: string,
    vectors: NdArray,
  ) => { readonly [key: string]: SavableValue };
} = {
  diffusers: (token, vectors) => {
    const [count, size] = vectors.shape as readonly [number, number];
    return { [token]: count === 1 ? ndArray(vectors.dtype, [size], vectors.data) : vectors };
  },
  a1111: (token, vectors) => ({
    string_to_token: { '*': 265 }, // the id of `*` in CLIP's vocabulary, without which A1111 does not read the file
    string_to_param: { '*': castArray(vectors, 'float32') },
    name: token,
    step: 0,
    sd_checkpoint: null,
    sd_checkpoint_name: null,
  }),
  embParams: (_token, vectors) => ({ emb_params: vectors }),
};
