import type { ActivationName } from '../nn/index.ts';

/** The transformer that both towers are made of. */
export interface ClipEncoderConfig {
  readonly hiddenSize: number;
  /** Width of the two-layer perceptron between attentions. */
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: ActivationName;
  readonly layerNormEpsilon: number;
  /** Size of the space that texts and images share. */
  readonly projectionSize: number;
  /** Multiplies all deviations of the initialization. */
  readonly initializerFactor: number;
}

/** SD 1.x: ViT-L/14's text tower (768 wide, 12 layers, quick_gelu). SD 2.x: OpenCLIP ViT-H's (1,024, 23, gelu). */
export interface ClipTextConfig extends ClipEncoderConfig {
  readonly vocabularySize: number;
  /** The longest prompt in tokens: 77. */
  readonly positions: number;
  readonly pooling: Pooling;
}

/**
 * Which token stands for the whole prompt: the first end token or, in models saved before transformers 4.31 (their
 * `eos_token_id` is 2, which is not CLIP's), the token with the largest id. Without placeholders that is the same.
 */
export type Pooling =
  | { readonly kind: 'first end token'; readonly endToken: number }
  | { readonly kind: 'largest id' };

export interface ClipVisionConfig extends ClipEncoderConfig {
  /** Height and width of its pictures: 224. */
  readonly imageSize: number;
  readonly patchSize: number;
  readonly channels: number;
  /** Deviation of patch and position embeddings, before the factor. */
  readonly initializerRange: number;
}
