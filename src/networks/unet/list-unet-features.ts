import { input, mapTree, type Shape, spec, type Tensor, type Tree } from '../../engine/index.ts';
import { type Feature, type FeatureName, featureName, type ParameterSpec } from '../nn/index.ts';
import { unet } from './unet.ts';
import { transformersOf, type UnetConfig } from './unet-config.ts';
import { unetParameterSpecs } from './unet-parameters.ts';

export interface ListedFeature extends Feature {
  readonly name: FeatureName;
  readonly shape: Shape;
}

export interface FeatureListOptions {
  /** Of the latents. */
  readonly size: readonly [height: number, width: number];
  /** Default 1. */
  readonly batch?: number;
  /** Of the text. Default 77. */
  readonly tokens?: number;
}

/**
 * Every feature that the UNet offers, in the order in which it comes by, with its shape for latents of a size:
 * what there is to choose from, such as all cross-attentions of 16 x 16 queries.
 */
export function listUnetFeatures(
  config: UnetConfig,
  { size, batch = 1, tokens = 77 }: FeatureListOptions,
): readonly ListedFeature[] {
  const parameters = mapTree<Tree<ParameterSpec>, ParameterSpec, Tensor>(
    unetParameterSpecs(config),
    (parameter, path) => input(path, parameter),
  );
  const listed: ListedFeature[] = [];
  unet(parameters as Tree<Tensor>, config, {
    sample: input('sample', spec([batch, config.inputChannels, ...size])),
    timestep: input('timestep', spec([batch])),
    encoderHiddenStates: input('text', spec([batch, tokens, transformersOf(config)[0]?.contextSize ?? 1])),
    ...classLabels(config, batch),
    features: (feature, value) => {
      listed.push({ ...feature, name: featureName(feature), shape: value().shape });
      return undefined;
    },
  });
  return listed;
}

function classLabels({ classEmbedding, timeEmbedding }: UnetConfig, batch: number) {
  const labels = (shape: Shape, dtype: 'float32' | 'int64' = 'float32') => ({
    classLabels: input('classes', spec(shape, dtype)),
  });
  switch (classEmbedding.kind) {
    case 'none':
      return {};
    case 'table':
      return labels([batch], 'int64');
    case 'timestep':
      return labels([batch]);
    case 'identity':
      return labels([batch, timeEmbedding.size]);
    case 'projection':
    case 'simple projection':
      return labels([batch, classEmbedding.inputSize]);
  }
}
