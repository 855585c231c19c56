import {
  concatenate,
  constant,
  cos,
  multiply,
  ndArray,
  pad,
  reshape,
  sin,
  type Tensor,
  type Tree,
} from '../../engine/index.ts';
import {
  type ActivationName,
  activations,
  enter,
  linearLayer,
  linearSpecs,
  type ParameterSpec,
  type Parameters,
} from '../nn/index.ts';
import type { SinusoidConfig } from './unet-config.ts';

/**
 * Sines and cosines of a number at frequencies from 1 down to about 1 / 10000 (Vaswani et al. 2017,
 * arXiv 1706.03762, section 3.5). numbers: [batch] → [batch, size]
 */
export function sinusoidalEmbedding(
  numbers: Tensor,
  { size, order, frequencyShift }: SinusoidConfig,
): Tensor {
  const half = Math.floor(size / 2);
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(10_000) * i) / (half - frequencyShift)),
  );
  const angles = multiply(reshape(numbers, [-1, 1]), constant(ndArray('float32', [1, half], frequencies)));
  const parts = order === 'cosines first' ? [cos(angles), sin(angles)] : [sin(angles), cos(angles)];
  return pad(concatenate(parts, 1), [0, 0], [0, size - 2 * half]); // an odd size ends in a zero
}

export interface EmbeddingMlpActivations {
  readonly activation: ActivationName;
  readonly finalActivation?: ActivationName | undefined;
}

/** Two linear layers. x: [batch, in] → [batch, size] */
export const embeddingMlp = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  { activation, finalActivation }: EmbeddingMlpActivations,
): Tensor =>
  enter(parameters, name, (layer) => {
    const hidden = activations[activation](linearLayer(layer, 'linear_1', x));
    const embedding = linearLayer(layer, 'linear_2', hidden);
    return finalActivation === undefined ? embedding : activations[finalActivation](embedding);
  });

export const embeddingMlpSpecs = (inputs: number, size: number): Tree<ParameterSpec> => ({
  linear_1: linearSpecs(inputs, size),
  linear_2: linearSpecs(size, size),
});
