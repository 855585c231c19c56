import {
  add,
  multiply,
  recompute,
  refuse,
  scope,
  subtract,
  type Tensor,
  type Tree,
} from '../../engine/index.ts';
import {
  activations,
  convolutionLayer,
  type FeatureHook,
  groupNormLayer,
  type Parameters,
  parametersOf,
  pass,
} from '../nn/index.ts';
import { downBlock, midBlock, type Surroundings, upBlock } from './blocks.ts';
import { classEmbedding } from './class-embedding.ts';
import { embeddingMlp, sinusoidalEmbedding } from './timestep-embedding.ts';
import { transformersOf, type UnetConfig } from './unet-config.ts';

export interface UnetInput {
  /** Noisy latents, [batch, channels, height, width] of any height and width. */
  readonly sample: Tensor;
  /** float32 [batch]: an input, so that one program serves all steps. */
  readonly timestep: Tensor;
  /** The text, [batch, tokens, context size]. */
  readonly encoderHiddenStates: Tensor;
  /** For models with class_embed_type or num_class_embeds only; see `classEmbedding`. */
  readonly classLabels?: Tensor;
  /** Sees, and may replace, intermediate values. */
  readonly features?: FeatureHook;
  /**
   * What a gradient finds of the forward pass: everything, or the inputs of each resnet and transformer, the rest
   * being computed again. Default: keep.
   */
  readonly activations?: 'keep' | 'recompute';
}

/**
 * The noise (or velocity, or sample: as the model was trained) that a UNet2DConditionModel predicts.
 *
 * conv_in → down_blocks → mid_block → up_blocks → conv_out, with a skip connection from every map of the way down
 * to the way up.
 *
 * @param tree parameters by their names in diffusers' state dict
 * @returns [batch, output channels, height, width]
 * @throws ShapeError for a parameter that is missing, with the nearest name, or misshapen
 */
export const unet = (tree: Tree<Tensor>, config: UnetConfig, input: UnetInput): Tensor =>
  scope('unet', () => {
    checkInput(config, input);
    const parameters = parametersOf(tree);
    const { features } = input;
    const surroundings: Surroundings = {
      norm: config.norm,
      activation: config.activation,
      timeEmbedding: embedTime(parameters, config, input),
      context: input.encoderHiddenStates,
      features,
      part: input.activations === 'recompute' ? recompute : (build) => build(),
    };

    const sample = config.sampleRange === 'centred' ? subtract(multiply(input.sample, 2), 1) : input.sample;
    let h = convolutionLayer(parameters, 'conv_in', sample, { padding: (config.inputKernel - 1) / 2 });
    h = pass(features, 'conv_in', 'output', h);

    const skips = [h];
    config.downBlocks.forEach((block, i) => {
      const result = downBlock(parameters, `down_blocks.${i}`, h, block, surroundings);
      h = result.output;
      skips.push(...result.skips);
    });

    const middle = config.midBlock;
    if (middle !== undefined) h = midBlock(parameters, 'mid_block', h, middle, surroundings);

    config.upBlocks.forEach((block, i) => {
      const own = skips.splice(-block.resnets.length);
      const taken = { skips: own, nextSkip: skips.at(-1) };
      h = upBlock(parameters, `up_blocks.${i}`, h, block, taken, surroundings);
    });

    h = groupNormLayer(parameters, 'conv_norm_out', h, config.norm);
    h = activations[config.activation](pass(features, 'conv_norm_out', 'output', h));
    return convolutionLayer(parameters, 'conv_out', h, { padding: (config.outputKernel - 1) / 2 });
  });

/** [batch, embedding size] */
function embedTime(
  parameters: Parameters,
  config: UnetConfig,
  { timestep, classLabels, features }: UnetInput,
) {
  const { sinusoid, finalActivation, sumActivation } = config.timeEmbedding;
  const { activation } = config;
  const time = embeddingMlp(parameters, 'time_embedding', sinusoidalEmbedding(timestep, sinusoid), {
    activation,
    finalActivation,
  });
  const classes = classEmbedding(parameters, config, classLabels, timestep.shape[0]!);
  const embedding = pass(features, 'time_embedding', 'output', time);
  const sum = classes === undefined ? embedding : add(embedding, classes);
  return sumActivation === undefined ? sum : activations[sumActivation](sum);
}

function checkInput(config: UnetConfig, { sample, timestep, encoderHiddenStates }: UnetInput): void {
  const expect = (holds: boolean, expected: string, found: Tensor) => {
    if (!holds) refuse('unet', `${expected}, got ${found}`);
  };
  const isFloat = ({ dtype, rank }: Tensor, axes: number) => dtype === 'float32' && rank === axes;
  const [batch, channels, ...size] = sample.shape;
  expect(
    isFloat(sample, 4) && channels === config.inputChannels && !size.includes(0),
    `the sample is float32[batch, ${config.inputChannels}, height, width]`,
    sample,
  );
  expect(
    isFloat(timestep, 1) && timestep.shape[0] === batch,
    `the timestep is float32[${batch}], one a sample`,
    timestep,
  );
  const [texts, , textSize] = encoderHiddenStates.shape;
  for (const { contextSize } of transformersOf(config)) {
    expect(
      isFloat(encoderHiddenStates, 3) && texts === batch && textSize === contextSize,
      `the encoder hidden states are float32[${batch}, tokens, ${contextSize}]`,
      encoderHiddenStates,
    );
  }
}
