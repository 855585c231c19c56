import type { NdArray } from '../../../engine/arrays/index.ts';

/** Vectors that a made-up word stands for (Gal et al. 2022, arXiv 2208.01618). */
export interface LearnedEmbedding {
  /** The word as it is written in prompts: `<cat-toy>`. */
  readonly token: string;
  /** Who says so. A1111's files go by the name of the file. */
  readonly tokenFrom: 'the caller' | 'the file' | 'the name of the file' | 'the habit of its training';
  /** Float, [vectors, size]. */
  readonly vectors: NdArray;
}

/** Which tool's layout an embedding file has. */
export type EmbeddingLayout = keyof typeof embeddingLayouts;

/** Each layout in words. */
export const embeddingLayouts = {
  diffusers: "diffusers' layout, tensors by their tokens",
  a1111: "A1111's layout, string_to_param",
  embParams: "A1111's safetensors layout, emb_params",
} as const;
