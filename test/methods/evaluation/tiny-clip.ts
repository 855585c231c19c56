import {
  type Device,
  mapTree,
  type NdArray,
  randomKey,
  spec,
  type TensorSpec,
  type Tree,
} from '../../../src/engine/index.ts';
import type { HeldNetwork } from '../../../src/methods/diffusion/index.ts';
import type { HeldClip } from '../../../src/methods/evaluation/index.ts';
import {
  type ClipVisionConfig,
  initializeClipText,
  initializeClipVision,
  parseClipImageProcessorConfig,
  parseClipTextConfig,
  parseClipVisionConfig,
  vocabularySize,
} from '../../../src/networks/clip/index.ts';
import { smallTokenizer } from '../../networks/clip/tokenizer/small-tokenizer.ts';

export const tinyVisionJson = {
  hidden_size: 8,
  intermediate_size: 16,
  num_attention_heads: 2,
  num_hidden_layers: 2,
  image_size: 16,
  patch_size: 4,
  projection_dim: 6,
};

export const tinyVision: ClipVisionConfig = parseClipVisionConfig(tinyVisionJson);

export const tinyProcessor = parseClipImageProcessorConfig({ size: { shortest_edge: 16 }, crop_size: 16 });

const tokenizer = smallTokenizer();

export const tinyTextJson = {
  vocab_size: vocabularySize(tokenizer),
  max_position_embeddings: tokenizer.length,
  projection_dim: 6,
  hidden_size: 8,
  intermediate_size: 16,
  num_attention_heads: 2,
  num_hidden_layers: 2,
  eos_token_id: tokenizer.special.end,
};

export const tinyText = parseClipTextConfig(tinyTextJson);

export const visionParameters = initializeClipVision(randomKey(1), tinyVision);
export const textParameters = initializeClipText(randomKey(2), tinyText, 'projection');

/** Random weights, as transformers would begin with. */
export const holdTinyClip = async (device: Device): Promise<HeldClip> => ({
  vision: await hold(device, tinyVision, visionParameters),
  processor: tinyProcessor,
  text: { network: await hold(device, tinyText, textParameters), tokenizer },
});

export const hold = async <Config>(
  device: Device,
  config: Config,
  parameters: Tree<NdArray>,
): Promise<HeldNetwork<Config>> => ({
  config,
  parameters: await device.hold(parameters),
  specs: mapTree<Tree<NdArray>, NdArray, TensorSpec>(parameters, ({ shape }) =>
    spec(shape),
  ) as Tree<TensorSpec>,
});
