import { randomKey } from '../../../src/engine/index.ts';
import { initializeClipText, parseClipTextConfig } from '../../../src/networks/clip/index.ts';

/** A text tower of two layers with 4 channels; token 9 ends a prompt. */
export const tinyJson = {
  vocab_size: 10,
  hidden_size: 4,
  intermediate_size: 8,
  projection_dim: 3,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 5,
  eos_token_id: 9,
};

export const tinyConfig = parseClipTextConfig(tinyJson);

export const tinyParameters = initializeClipText(randomKey(1), tinyConfig, 'projection');
