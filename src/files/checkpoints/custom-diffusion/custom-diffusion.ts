import type { LearnedEmbedding } from '../embedding/learned-embedding.ts';
import type { ArraySources } from '../named-arrays.ts';

/**
 * A subject learned by Custom Diffusion (Kumari et al. 2022, arXiv 2212.04488): other keys and values (some also
 * queries and outputs) for the cross-attentions, and the vectors of a word.
 */
export interface CustomDiffusion {
  /** By the names of the weights that they replace: `….attn2.to_k.weight`. */
  readonly replacements: ArraySources;
  readonly embeddings: readonly Pick<LearnedEmbedding, 'token' | 'vectors'>[];
}

/** Whose file it is. */
export type CustomDiffusionLayout = keyof typeof customDiffusionLayouts;

/** Each layout in words. */
export const customDiffusionLayouts = {
  diffusers: "diffusers' layout (attention processors)",
  delta: "the original repository's delta.bin, diffusers' names",
  originalDelta: "the original repository's delta.ckpt, CompVis' names",
} as const;

const processorKey =
  /^(?<attention>.+\.attn\d)\.processor\.(?<projection>to_[qkv]|to_out)_custom_diffusion(?<part>\.0)?\.(?<kind>weight|bias)$/;

/** diffusers' key of a processor's weight → the name of the weight that it replaces. */
export function fromProcessorKey(key: string): string | undefined {
  const { attention, projection, kind } = processorKey.exec(key)?.groups ?? {};
  if (attention === undefined) return undefined;
  return `${attention}.${projection === 'to_out' ? 'to_out.0' : projection}.${kind}`;
}

/** The name of a replaced weight → diffusers' key; undefined for what its processors do not replace. */
export function toProcessorKey(name: string): string | undefined {
  const [, attention, projection, kind] =
    /^(.+\.attn\d)\.(to_[qkv]|to_out\.0)\.(weight|bias)$/.exec(name) ?? [];
  if (attention === undefined) return undefined;
  const custom = projection === 'to_out.0' ? 'to_out_custom_diffusion.0' : `${projection}_custom_diffusion`;
  return `${attention}.processor.${custom}.${kind}`;
}
