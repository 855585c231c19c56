import type { Tree } from '../../engine/index.ts';
import { add, divide, reshape, type Tensor } from '../../engine/index.ts';
import { type ActivationName, activations } from './activation.ts';
import { convolutionLayer, convolutionSpecs } from './convolution-layer.ts';
import { type FeatureHook, pass } from './feature-hook.ts';
import { linearLayer, linearSpecs } from './linear-layer.ts';
import { type GroupNormOptions, groupNormLayer, normSpecs } from './norm-layers.ts';
import type { ParameterSpec } from './parameter-spec.ts';
import { enter, type Parameters } from './parameters.ts';

export interface ResnetBlockOptions {
  readonly norm: GroupNormOptions;
  readonly activation: ActivationName;
  /** [batch, embedding size]; the autoencoder has none. */
  readonly timeEmbedding?: Tensor;
  /** The sum is divided by it. Default 1. */
  readonly outputScale?: number;
  readonly features?: FeatureHook | undefined;
}

/**
 * Two normalized 3x3 convolutions beside an identity (He et al. 2016, arXiv 1603.05027), or beside a 1x1
 * convolution where the number of channels changes. x: [batch, in, height, width] → [batch, out, height, width]
 */
export const resnetBlock = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  { norm, activation, timeEmbedding, outputScale = 1, features }: ResnetBlockOptions,
): Tensor =>
  enter(parameters, name, (block) => {
    const activate = activations[activation];
    let h = convolutionLayer(block, 'conv1', activate(groupNormLayer(block, 'norm1', x, norm)), {
      padding: 1,
    });
    if (timeEmbedding !== undefined) {
      const perChannel = linearLayer(block, 'time_emb_proj', activate(timeEmbedding)); // [batch, out]
      h = add(h, reshape(perChannel, [...perChannel.shape, 1, 1]));
    }
    h = convolutionLayer(block, 'conv2', activate(groupNormLayer(block, 'norm2', h, norm)), { padding: 1 });
    h = pass(features, block.path, 'residual', h);
    const changes = x.shape[1] !== h.shape[1];
    const sum = add(changes ? convolutionLayer(block, 'conv_shortcut', x) : x, h);
    return pass(features, block.path, 'output', outputScale === 1 ? sum : divide(sum, outputScale));
  });

/** @param timeEmbeddingSize undefined: no time embedding */
export const resnetBlockSpecs = (
  inputs: number,
  outputs: number,
  timeEmbeddingSize?: number,
): Tree<ParameterSpec> => ({
  norm1: normSpecs(inputs),
  conv1: convolutionSpecs(inputs, outputs, 3),
  ...(timeEmbeddingSize !== undefined && { time_emb_proj: linearSpecs(timeEmbeddingSize, outputs) }),
  norm2: normSpecs(outputs),
  conv2: convolutionSpecs(outputs, outputs, 3),
  ...(inputs !== outputs && { conv_shortcut: convolutionSpecs(inputs, outputs, 1) }),
});
