import {
  type Device,
  flatten,
  fold,
  type NdArray,
  ndArray,
  normal,
  randomKey,
  type Tree,
  unflatten,
} from '../../../../src/engine/index.ts';
import type { HeldNetwork, PromptedModel } from '../../../../src/methods/diffusion/index.ts';
import {
  addPlaceholder,
  initializeClipText,
  parseClipTextConfig,
  vocabularySize,
} from '../../../../src/networks/clip/index.ts';
import { parseUnetConfig } from '../../../../src/networks/unet/index.ts';
import { initializeVae, parseVaeConfig } from '../../../../src/networks/vae/index.ts';
import { smallTokenizer } from '../../../networks/clip/tokenizer/small-tokenizer.ts';
import { tinyJson } from '../../../networks/unet/tiny-unet.ts';
import { heldTinyUnet } from '../tiny-networks.ts';

const size = 6; // of a token
const unetConfig = parseUnetConfig({ ...tinyJson, sample_size: 8 });
const vaeConfig = parseVaeConfig({
  block_out_channels: [8, 8],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
  layers_per_block: 1,
  norm_num_groups: 4,
  scaling_factor: 1,
});
const textConfig = parseClipTextConfig({
  vocab_size: 519,
  hidden_size: size,
  intermediate_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
});

/** Two pixels a latent cell; 8 x 8 latents unless told otherwise. */
export const pixelsPerCell = 2;

/** A model, and one with another UNet and the placeholder <biscuit>; they share the autoencoder. */
export async function tinyEditModels(
  device: Device,
): Promise<Record<'pretrained' | 'personalized', PromptedModel>> {
  const tokenizer = smallTokenizer();
  const vae = await held(device, vaeConfig, initializeVae(randomKey(1), vaeConfig));
  const text = new Map(flatten<NdArray>(initializeClipText(randomKey(2), textConfig)));
  const table = 'text_model.embeddings.token_embedding.weight';
  const withConcept = new Map(text).set(table, extended(text.get(table)!, vocabularySize(tokenizer)));
  return {
    pretrained: {
      model: {
        device,
        vae,
        unet: await heldTinyUnet(device, 1, unetConfig),
        textEncoder: await held(device, textConfig, unflatten([...text])),
      },
      tokenizer,
    },
    personalized: {
      model: {
        device,
        vae,
        unet: await heldTinyUnet(device, 2, unetConfig),
        textEncoder: await held(device, textConfig, unflatten([...withConcept])),
      },
      tokenizer: addPlaceholder(tokenizer, { name: '<biscuit>' }),
    },
  };
}

async function held<Config>(
  device: Device,
  config: Config,
  tree: Tree<NdArray>,
): Promise<HeldNetwork<Config>> {
  const parameters = await device.hold(tree);
  return { config, parameters, specs: unflatten(parameters.leaves()) };
}

/** With a row for the token of this id. */
function extended({ data }: NdArray, id: number): NdArray {
  const rows = new Float32Array((id + 1) * size);
  rows.set((data as Float32Array).subarray(0, id * size));
  rows.set(normal(fold(randomKey(3), 'concept'), [size]).data, id * size);
  return ndArray('float32', [id + 1, size], rows);
}
