import {
  add,
  broadcast,
  concatenate,
  type NdArray,
  type RandomKey,
  reshape,
  ShapeError,
  slice,
  type Tensor,
  type Tree,
} from '../../engine/index.ts';
import {
  convolutionLayer,
  embeddingSpecs,
  enter,
  initializeParameters,
  layerNormLayer,
  normSpecs,
  type ParameterSpec,
  type Parameters,
  parameter,
  parameterSpec,
  parametersOf,
  toTokens,
} from '../nn/index.ts';
import type { ClipVisionConfig } from './clip-config.ts';
import { type ClipEncoderOutputs, clipEncoder, clipEncoderSpecs } from './clip-encoder.ts';
import { type Projection, projectionSpecs } from './clip-projection.ts';

export interface ClipVisionOutputs extends ClipEncoderOutputs {
  /** The last layer's output, without a norm. [pictures, 1 + patches, size] */
  readonly lastHiddenState: Tensor;
  /** The class token's output, normalized. [pictures, size] */
  readonly pooled: Tensor;
}

/**
 * CLIP's vision tower (Dosovitskiy et al. 2020, arXiv 2010.11929). Parameters have transformers' names, its
 * `pre_layrnorm` included.
 * @param pixels [pictures, 3, 224, 224], as `preprocessClipImages` makes them
 * @throws ShapeError if a parameter is missing or misshapen, or the pictures have another size
 */
export function clipVision(
  parameters: Tree<Tensor>,
  config: ClipVisionConfig,
  pixels: Tensor,
): ClipVisionOutputs {
  const { imageSize, channels, layerNormEpsilon } = config;
  const [pictures, ...picture] = pixels.shape;
  if (pictures === undefined || `${picture}` !== `${[channels, imageSize, imageSize]}`) {
    throw new ShapeError(
      `clipVision: pictures are [batch, ${channels}, ${imageSize}, ${imageSize}], got ${pixels}`,
    );
  }
  return enter(parametersOf(parameters), 'vision_model', (model) => {
    const embedded = layerNormLayer(model, 'pre_layrnorm', embed(model, config, pixels), layerNormEpsilon);
    const encoded = clipEncoder(model, 'encoder', embedded, config);
    const lastHiddenState = encoded.hiddenStates.at(-1)!;
    const classOutput = reshape(slice(lastHiddenState, { axis: 1, end: 1 }), [pictures, -1]);
    const pooled = layerNormLayer(model, 'post_layernorm', classOutput, layerNormEpsilon);
    return { ...encoded, lastHiddenState, pooled };
  });
}

/** Every parameter with its shape and distribution; the projection is that of CLIPVisionModelWithProjection. */
export function clipVisionParameterSpecs(
  config: ClipVisionConfig,
  projection: Projection = 'projection',
): Tree<ParameterSpec> {
  const { hiddenSize, imageSize, patchSize, channels, initializerFactor, initializerRange } = config;
  const deviation = initializerRange * initializerFactor;
  const patches = Math.floor(imageSize / patchSize) ** 2;
  const tower = {
    embeddings: {
      class_embedding: parameterSpec([hiddenSize], {
        kind: 'normal',
        deviation: hiddenSize ** -0.5 * initializerFactor,
      }),
      patch_embedding: {
        weight: parameterSpec([hiddenSize, channels, patchSize, patchSize], { kind: 'normal', deviation }),
      },
      position_embedding: embeddingSpecs(patches + 1, hiddenSize, deviation),
    },
    pre_layrnorm: normSpecs(hiddenSize),
    encoder: clipEncoderSpecs(config),
    post_layernorm: normSpecs(hiddenSize),
  };
  if (projection === 'no projection') return { vision_model: tower };
  return { vision_model: tower, visual_projection: projectionSpecs(config) };
}

/** Random parameters to train from scratch with, distributed as transformers' are. */
export const initializeClipVision = (
  key: RandomKey,
  config: ClipVisionConfig,
  projection: Projection = 'projection',
): Tree<NdArray> => initializeParameters(key, clipVisionParameterSpecs(config, projection));

/** [pictures, channels, height, width] → [pictures, 1 + patches, size]: the class token, then row by row. */
const embed = (model: Parameters, { hiddenSize, patchSize }: ClipVisionConfig, pixels: Tensor): Tensor =>
  enter(model, 'embeddings', (embeddings) => {
    const patches = toTokens(convolutionLayer(embeddings, 'patch_embedding', pixels, { strides: patchSize }));
    const [pictures, count] = patches.shape as [number, number, number];
    const classToken = broadcast(parameter(embeddings, 'class_embedding', [hiddenSize]), [
      pictures,
      1,
      hiddenSize,
    ]);
    const positions = parameter(embeddings, 'position_embedding.weight', [count + 1, hiddenSize]);
    return add(concatenate([classToken, patches], 1), positions);
  });
