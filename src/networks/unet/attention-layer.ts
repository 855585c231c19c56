import { attention, attentionProbabilities, matmul, type Tensor, type Tree } from '../../engine/index.ts';
import {
  enter,
  type FeatureHook,
  joinHeads,
  linearLayer,
  linearSpecs,
  offer,
  type ParameterSpec,
  type Parameters,
  pass,
  splitHeads,
} from '../nn/index.ts';

export interface AttentionLayerOptions {
  readonly heads: number;
  /** What keys and values are made of, [batch, context tokens, context size]. Default: x itself. */
  readonly context?: Tensor;
  readonly features: FeatureHook | undefined;
}

/**
 * Multi-head attention. x: [batch, tokens, channels] → the same. The probabilities exist as a whole only if the
 * hook asks for them or gives others.
 */
export const attentionLayer = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  { heads, context = x, features }: AttentionLayerOptions,
): Tensor =>
  enter(parameters, name, (layer) => {
    const project = (projection: string, source: Tensor) =>
      splitHeads(linearLayer(layer, projection, source), heads);
    const query = pass(features, layer.path, 'queries', project('to_q', x)); // [batch, heads, tokens, size]
    const key = pass(features, layer.path, 'keys', project('to_k', context)); // [batch, heads, context tokens, size]
    const value = pass(features, layer.path, 'values', project('to_v', context));
    const matrix = [...query.shape.slice(0, 3), key.shape[2]!]; // [batch, heads, tokens, context tokens]
    const probabilities = offer(features, layer.path, 'probabilities', matrix, () =>
      attentionProbabilities(query, key),
    );
    const mixed = probabilities === undefined ? attention(query, key, value) : matmul(probabilities, value);
    return pass(features, layer.path, 'output', linearLayer(layer, 'to_out.0', joinHeads(mixed)));
  });

export const attentionLayerSpecs = (channels: number, contextSize: number): Tree<ParameterSpec> => ({
  to_q: linearSpecs(channels, channels, 'no bias'),
  to_k: linearSpecs(contextSize, channels, 'no bias'),
  to_v: linearSpecs(contextSize, channels, 'no bias'),
  to_out: [linearSpecs(channels, channels)],
});
