import { concatenate, type Tensor, type Tree } from '../../engine/index.ts';
import {
  type ActivationName,
  downsample,
  enter,
  type FeatureHook,
  type GroupNormOptions,
  type ParameterSpec,
  type Parameters,
  pass,
  resampleSpecs,
  resnetBlock,
  resnetBlockSpecs,
  upsample,
} from '../nn/index.ts';
import { transformer, transformerSpecs } from './transformer.ts';
import type { DownBlockConfig, MidBlockConfig, TransformerConfig, UpBlockConfig } from './unet-config.ts';
import { channelsAfter } from './unet-config.ts';

/** What all blocks of one call share. */
export interface Surroundings {
  readonly norm: GroupNormOptions;
  readonly activation: ActivationName;
  /** [batch, embedding size] */
  readonly timeEmbedding: Tensor;
  /** [batch, context tokens, context size] */
  readonly context: Tensor;
  readonly features: FeatureHook | undefined;
  /** How a resnet or a transformer is built: as it is, or marked for recomputation. */
  readonly part: (build: () => Tensor) => Tensor;
}

/** The output, and the maps that the way up will take in: one after each resnet, one after halving. */
export interface DownBlockResult {
  readonly output: Tensor;
  readonly skips: readonly Tensor[];
}

export const downBlock = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  config: DownBlockConfig,
  surroundings: Surroundings,
): DownBlockResult =>
  enter(parameters, name, (block) => {
    const skips: Tensor[] = [];
    let h = x;
    config.resnets.forEach((_, i) => {
      h = resnet(block, i, h, surroundings);
      h = attend(block, i, h, config.transformer, surroundings);
      skips.push(h);
    });
    if (config.downsample !== 'none') {
      h = downsample(block, 'downsamplers.0', h, config.downsample);
      skips.push(h);
    }
    return { output: pass(surroundings.features, block.path, 'output', h), skips };
  });

export const midBlock = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  config: MidBlockConfig,
  surroundings: Surroundings,
): Tensor =>
  enter(parameters, name, (block) => {
    const { outputScale } = config;
    let h = resnet(block, 0, x, surroundings, outputScale);
    h = attend(block, 0, h, config.transformer, surroundings);
    h = resnet(block, 1, h, surroundings, outputScale);
    return pass(surroundings.features, block.path, 'output', h);
  });

/**
 * @param skips one a resnet; the last is taken in first
 * @param nextSkip what the next block takes in first: its size is the one to enlarge to
 */
export const upBlock = (
  parameters: Parameters,
  name: string,
  x: Tensor,
  config: UpBlockConfig,
  { skips, nextSkip }: { readonly skips: readonly Tensor[]; readonly nextSkip: Tensor | undefined },
  surroundings: Surroundings,
): Tensor =>
  enter(parameters, name, (block) => {
    let h = x;
    config.resnets.forEach((_, i) => {
      h = resnet(block, i, concatenate([h, skips.at(-1 - i)!], 1), surroundings);
      h = attend(block, i, h, config.transformer, surroundings);
    });
    if (config.upsample !== 'none') {
      h = upsample(block, 'upsamplers.0', h, nextSkip?.shape.slice(2) as [number, number] | undefined);
    }
    return pass(surroundings.features, block.path, 'output', h);
  });

const resnet = (
  block: Parameters,
  index: number,
  x: Tensor,
  { norm, activation, timeEmbedding, features, part }: Surroundings,
  outputScale = 1,
): Tensor =>
  part(() =>
    resnetBlock(block, `resnets.${index}`, x, { norm, activation, timeEmbedding, outputScale, features }),
  );

/** The transformer behind a resnet, where the block has transformers. */
const attend = (
  block: Parameters,
  index: number,
  x: Tensor,
  config: TransformerConfig | undefined,
  { norm, context, features, part }: Surroundings,
): Tensor => {
  if (config === undefined) return x;
  const options = { config, normGroups: norm.groups, context, features };
  return part(() => transformer(block, `attentions.${index}`, x, options));
};

/** The parameters of a block on the way down or up. */
export function blockSpecs(
  config: DownBlockConfig | UpBlockConfig,
  timeEmbeddingSize: number,
): Tree<ParameterSpec> {
  const { resnets, transformer: attention } = config;
  const resample = [resampleSpecs(channelsAfter(config))];
  return {
    resnets: resnets.map(({ inputChannels, outputChannels }) =>
      resnetBlockSpecs(inputChannels, outputChannels, timeEmbeddingSize),
    ),
    ...(attention !== undefined && { attentions: resnets.map(() => transformerSpecs(attention)) }),
    ...('downsample' in config && config.downsample !== 'none' && { downsamplers: resample }),
    ...('upsample' in config && config.upsample !== 'none' && { upsamplers: resample }),
  };
}

export const midBlockSpecs = (config: MidBlockConfig, timeEmbeddingSize: number): Tree<ParameterSpec> => ({
  resnets: [0, 1].map(() => resnetBlockSpecs(config.channels, config.channels, timeEmbeddingSize)),
  attentions: [transformerSpecs(config.transformer)],
});
