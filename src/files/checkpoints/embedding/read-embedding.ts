import { basename, extname } from 'node:path';
import { isFloating, type NdArray, ndArray } from '../../../engine/arrays/index.ts';
import type { ArrayFile } from '../../formats/array-file.ts';
import { FormatError, locate, quote } from '../../formats/format-error.ts';
import { isLazyArray, type LazyArray } from '../../formats/lazy-array.ts';
import { openArrays } from '../../formats/open-arrays.ts';
import type { PlainMap } from '../../formats/torch-pickle/plain-value.ts';
import type { EmbeddingLayout, LearnedEmbedding } from './learned-embedding.ts';

export interface EmbeddingFile {
  readonly layout: EmbeddingLayout;
  /** One a token; A1111's files hold one. */
  readonly embeddings: readonly LearnedEmbedding[];
}

export interface EmbeddingOptions {
  /** The word that prompts use, whatever the file says. */
  readonly token?: string;
}

/**
 * Reads a textual-inversion embedding: diffusers' .bin and .safetensors (one or several vectors, [size] or
 * [vectors, size]), A1111's .pt, .bin and .safetensors, the original repository's embeddings.pt.
 * @throws FormatError if it is something else, or made for a model with two text encoders
 */
export async function readEmbedding(path: string, options: EmbeddingOptions = {}): Promise<EmbeddingFile> {
  const file = await openArrays(path);
  try {
    return await embeddingOf(file, options);
  } finally {
    await file.close();
  }
}

/** The same of a file that is open. */
export const embeddingOf = (file: ArrayFile, options: EmbeddingOptions = {}): Promise<EmbeddingFile> =>
  locate(file.name, async () => {
    const found = recogniseEmbedding(file);
    if (found === undefined) {
      throw new FormatError(
        'is no textual-inversion embedding: such a file holds vectors by their tokens, string_to_param or emb_params; open it as what it is',
      );
    }
    if (options.token !== undefined && found.tensors.size > 1) {
      throw new FormatError(
        `holds ${found.tensors.size} tokens (${[...found.tensors.keys()].map(quote).join(', ')}), one name cannot be given to all; leave it out`,
      );
    }
    const embeddings: LearnedEmbedding[] = [];
    for (const [key, array] of found.tensors) {
      const vectors = await readVectors(array, key);
      embeddings.push({ ...nameOf(file, found, key, options), vectors });
    }
    return { layout: found.layout, embeddings };
  });

export interface FoundEmbedding {
  readonly layout: EmbeddingLayout;
  readonly tensors: ReadonlyMap<string, LazyArray>;
  /** What the file calls itself; `*` is textual inversion's stand-in for any name. */
  readonly name: string | undefined;
}

/** Widest text encoder: OpenCLIP's bigG has 1,280. A prompt has room for 75 vectors. */
const WIDEST = 4096;
const MOST_VECTORS = 75;

/** The tensors of an embedding file, or undefined if it is none; nothing is read. */
export function recogniseEmbedding(file: ArrayFile): FoundEmbedding | undefined {
  const { arrays } = file;
  if (arrays.has('clip_l') && arrays.has('clip_g')) {
    throw new FormatError(
      'is an embedding for Stable Diffusion XL, with clip_l and clip_g; 1.x and 2.x are read',
    );
  }
  const content = file.format === 'torch' && file.content instanceof Map ? file.content : undefined;
  const parameters = content?.get('string_to_param');
  if (parameters instanceof Map) {
    const tensors = tensorsOf(parameters);
    const name = content!.get('name');
    return tensors.size === 0
      ? undefined
      : { layout: 'a1111', tensors, name: typeof name === 'string' ? name : undefined };
  }
  const tensors = content === undefined ? arrays : tensorsOf(content);
  if (tensors.size === 0 || tensors.size < (content?.size ?? 0)) return undefined;
  if (![...tensors.values()].every(isVectors)) return undefined;
  if (tensors.size === 1 && tensors.has('emb_params'))
    return { layout: 'embParams', tensors, name: undefined };
  const areTokens = [...tensors.keys()].every((key) => !/\.(weight|bias|alpha)$/.test(key));
  return areTokens ? { layout: 'diffusers', tensors, name: undefined } : undefined;
}

const tensorsOf = (map: PlainMap): ReadonlyMap<string, LazyArray> =>
  new Map([...map].flatMap(([key, value]) => (isLazyArray(value) ? [[String(key), value] as const] : [])));

function isVectors({ dtype, shape }: LazyArray): boolean {
  const [rows, size] = shape.length === 1 ? [1, shape[0]] : shape;
  const counted = rows !== undefined && rows >= 1 && rows <= MOST_VECTORS;
  return (
    isFloating(dtype) && shape.length <= 2 && counted && size !== undefined && size >= 1 && size <= WIDEST
  );
}

async function readVectors(array: LazyArray, key: string): Promise<NdArray> {
  if (!isVectors(array)) {
    throw new FormatError(
      `the embedding ${quote(key)} is ${array.dtype} [${array.shape.join(', ')}], expected up to ${MOST_VECTORS} vectors of at most ${WIDEST} floats; fetch it again`,
    );
  }
  const { dtype, shape, data } = await array.read();
  return shape.length === 1 ? ndArray(dtype, [1, ...shape], data) : { dtype, shape, data };
}

/** diffusers' keys are tokens; A1111's files have a name of their own, and are called by the name of the file. */
function nameOf(
  file: ArrayFile,
  { layout, name }: FoundEmbedding,
  key: string,
  { token }: EmbeddingOptions,
): Pick<LearnedEmbedding, 'token' | 'tokenFrom'> {
  if (token !== undefined) return { token, tokenFrom: 'the caller' };
  if (layout === 'diffusers') return { token: key, tokenFrom: 'the file' };
  if (name !== undefined && name !== '') return { token: name, tokenFrom: 'the file' };
  if (layout === 'a1111' && key !== '*') return { token: key, tokenFrom: 'the file' };
  return { token: basename(file.name, extname(file.name)), tokenFrom: 'the name of the file' };
}
