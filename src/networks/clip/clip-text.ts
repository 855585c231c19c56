import {
  add,
  argMax,
  cast,
  constant,
  equal,
  gather,
  type NdArray,
  ndArray,
  type RandomKey,
  reshape,
  ShapeError,
  slice,
  type Tensor,
  type Tree,
} from '../../engine/index.ts';
import {
  embeddingLayer,
  embeddingSpecs,
  enter,
  initializeParameters,
  layerNormLayer,
  normSpecs,
  type ParameterSpec,
  type Parameters,
  parameter,
  parametersOf,
} from '../nn/index.ts';
import type { ClipTextConfig } from './clip-config.ts';
import { type ClipEncoderOutputs, clipEncoder, clipEncoderSpecs } from './clip-encoder.ts';
import { type Projection, projectionSpecs } from './clip-projection.ts';

export interface ClipTextOutputs extends ClipEncoderOutputs {
  /** The last layer's output, normalized: what Stable Diffusion 1.x conditions on. [prompts, tokens, size] */
  readonly lastHiddenState: Tensor;
  /** The normalized output at the token that stands for the prompt. [prompts, size] */
  readonly pooled: Tensor;
}

/**
 * CLIP's text tower. Parameters have transformers' names; the table `text_model.embeddings.token_embedding.weight`
 * may have more rows than the configuration says, for placeholders, and may be any tensor: a concatenation of
 * frozen and learned rows, say.
 * @param ids int [prompts, tokens], at most 77 tokens
 * @throws ShapeError if a parameter is missing or misshapen, or the prompts are too long
 */
export function clipText(parameters: Tree<Tensor>, config: ClipTextConfig, ids: Tensor): ClipTextOutputs {
  return enter(parametersOf(parameters), 'text_model', (model) => {
    const embedded = embed(model, config, ids);
    const encoded = clipEncoder(model, 'encoder', embedded, config, causalMask(ids.shape[1]!));
    const lastHiddenState = finalNorm(model, config, encoded.hiddenStates.at(-1)!);
    return { ...encoded, lastHiddenState, pooled: pool(lastHiddenState, config, ids) };
  });
}

/**
 * The output of an earlier layer, normalized as the last one is: "clip skip".
 * @param skipped layers left out at the end: 0 gives `lastHiddenState`, 1 the penultimate layer's output, which SD
 *   2.x conditions on where its checkpoint holds all 24 layers
 */
export function clipTextSkipping(
  parameters: Tree<Tensor>,
  config: ClipTextConfig,
  { hiddenStates }: Pick<ClipTextOutputs, 'hiddenStates'>,
  skipped: number,
): Tensor {
  if (!(Number.isInteger(skipped) && skipped >= 0 && skipped <= config.layers)) {
    throw new ShapeError(`clipText: 0 to ${config.layers} of its layers can be skipped, got ${skipped}`);
  }
  const state = hiddenStates[config.layers - skipped]!;
  return enter(parametersOf(parameters), 'text_model', (model) => finalNorm(model, config, state));
}

/** Every parameter with its shape and distribution; the projection is that of CLIPTextModelWithProjection. */
export function clipTextParameterSpecs(
  config: ClipTextConfig,
  projection: Projection = 'no projection',
): Tree<ParameterSpec> {
  const { vocabularySize, positions, hiddenSize, initializerFactor } = config;
  const tower = {
    embeddings: {
      token_embedding: embeddingSpecs(vocabularySize, hiddenSize, 0.02 * initializerFactor),
      position_embedding: embeddingSpecs(positions, hiddenSize, 0.02 * initializerFactor),
    },
    encoder: clipEncoderSpecs(config),
    final_layer_norm: normSpecs(hiddenSize),
  };
  if (projection === 'no projection') return { text_model: tower };
  return { text_model: tower, text_projection: projectionSpecs(config) };
}

/** Random parameters to train from scratch with, distributed as transformers' are. */
export const initializeClipText = (
  key: RandomKey,
  config: ClipTextConfig,
  projection: Projection = 'no projection',
): Tree<NdArray> => initializeParameters(key, clipTextParameterSpecs(config, projection));

const embed = (model: Parameters, { positions }: ClipTextConfig, ids: Tensor): Tensor => {
  const tokens = ids.shape[1];
  if (ids.rank !== 2 || tokens === undefined || tokens > positions) {
    throw new ShapeError(`clipText: ids are [prompts, tokens] with at most ${positions} tokens, got ${ids}`);
  }
  return enter(model, 'embeddings', (embeddings) => {
    const table = parameter(embeddings, 'position_embedding.weight', [positions, -1]);
    return add(embeddingLayer(embeddings, 'token_embedding', ids), slice(table, { axis: 0, end: tokens }));
  });
};

/** −∞, near enough, above the diagonal: a token sees itself and what came before. [tokens, tokens] */
function causalMask(tokens: number): Tensor {
  const data = new Float32Array(tokens * tokens);
  for (let query = 0; query < tokens; query++) {
    for (let key = query + 1; key < tokens; key++) data[query * tokens + key] = -1e9;
  }
  return constant(ndArray('float32', [tokens, tokens], data));
}

const finalNorm = (model: Parameters, { layerNormEpsilon }: ClipTextConfig, x: Tensor): Tensor =>
  layerNormLayer(model, 'final_layer_norm', x, layerNormEpsilon);

/** x: [prompts, tokens, size] → [prompts, size] */
function pool(x: Tensor, { pooling }: ClipTextConfig, ids: Tensor): Tensor {
  const [prompts, tokens, size] = x.shape as [number, number, number];
  // argMax finds the first of equal values; float32 holds ids up to 2^24 exactly.
  const ranked = pooling.kind === 'largest id' ? ids : equal(ids, pooling.endToken);
  const positions = argMax(cast(ranked, 'float32')); // int64 [prompts]
  const firsts = BigInt64Array.from({ length: prompts }, (_, prompt) => BigInt(prompt * tokens));
  const rows = add(positions, constant(ndArray('int64', [prompts], firsts)));
  return gather(reshape(x, [prompts * tokens, size]), rows);
}
