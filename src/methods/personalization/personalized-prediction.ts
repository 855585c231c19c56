import type { State, StateLeaf, Tensor, Tree } from '../../engine/index.ts';
import { type ClipTextConfig, clipText } from '../../networks/clip/index.ts';
import { type UnetConfig, type UnetInput, unet } from '../../networks/unet/index.ts';
import type { HeldModel } from '../diffusion/index.ts';
import type { PersonalizationMethod } from './methods/personalization-method.ts';
import type { Learned, ModelTrees } from './model-trees.ts';

export interface ModelConfigs {
  readonly unet: UnetConfig;
  readonly textEncoder: ClipTextConfig;
}

/** A prompt as the UNet sees it, computed before, or as ids, through the text encoder in the graph. */
export interface PromptTensor {
  readonly kind: 'features' | 'ids';
  /** Features [batch, tokens, size], or int64 ids [batch, tokens]. */
  readonly tensor: Tensor;
}

export interface PredictionInput extends Pick<UnetInput, 'sample' | 'timestep' | 'activations'> {
  readonly prompt: PromptTensor;
}

/** What the networks predict (ε, v or x₀, as they were trained), [batch, channels, height, width]. */
export function predict(
  { unet: parameters, textEncoder }: ModelTrees<Tensor>,
  configs: ModelConfigs,
  { prompt, ...input }: PredictionInput,
): Tensor {
  const encoderHiddenStates =
    prompt.kind === 'features'
      ? prompt.tensor
      : clipText(textEncoder, configs.textEncoder, prompt.tensor).lastHiddenState;
  return unet(parameters, configs.unet, { ...input, encoderHiddenStates });
}

/** A model with a method, as functions that are put into graphs. */
export interface PersonalizedNetworks {
  readonly configs: ModelConfigs;
  readonly method: PersonalizationMethod;
}

/**
 * The personalized prediction: the one function that training and steering differentiate.
 * @param base the frozen networks, from `frozenNetworks`
 */
export const predictPersonalized = (
  { configs, method }: PersonalizedNetworks,
  base: Tree<Tensor>,
  learned: Learned<Tensor>,
  input: PredictionInput,
): Tensor => predict(method.apply(base as unknown as ModelTrees<Tensor>, learned), configs, input);

/** Whether a prompt's features change while this is learned, so that they cannot be computed before. */
export const changesText = (learned: Learned<unknown>): boolean =>
  learned.tokens !== undefined || learned.textEncoder !== undefined;

/** The networks of a held model as one state, `unet` and `textEncoder`, which shares their leaves: `Problem.frozen`. */
export const frozenNetworks = ({ device, unet, textEncoder }: HeldModel): Promise<State> =>
  device.combine({
    unet: unet.parameters.references() as Tree<StateLeaf>,
    textEncoder: textEncoder.parameters.references() as Tree<StateLeaf>,
  });
