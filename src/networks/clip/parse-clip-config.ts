import { type ActivationName, activations, ConfigReader } from '../nn/index.ts';
import type { ClipEncoderConfig, ClipTextConfig, ClipVisionConfig } from './clip-config.ts';

/**
 * Reads the config.json of a CLIPTextModel (with or without projection), or the text part of a CLIPModel's. What
 * is left out has transformers' default.
 * @throws a sentence that names the option, for one that is missing, absurd, or not supported
 */
export function parseClipTextConfig(json: unknown): ClipTextConfig {
  const reader = new ConfigReader('clip text config', partOf(json, 'text_config'));
  const config: ClipTextConfig = {
    ...parseEncoder(reader, textDefaults),
    vocabularySize: reader.wholeNumber('vocab_size', { least: 1, most: 2 ** 21, default: 49_408 }),
    positions: reader.wholeNumber('max_position_embeddings', { least: 2, most: 4096, default: 77 }),
    pooling: parsePooling(reader),
  };
  reader.finish([...notes, 'initializer_range', 'bos_token_id', 'pad_token_id']);
  return config;
}

/** The same for a CLIPVisionModel, or the vision part of a CLIPModel's. */
export function parseClipVisionConfig(json: unknown): ClipVisionConfig {
  const reader = new ConfigReader('clip vision config', partOf(json, 'vision_config'));
  const encoder = parseEncoder(reader, visionDefaults);
  const patchSize = reader.wholeNumber('patch_size', { least: 1, most: 512, default: 32 });
  const config: ClipVisionConfig = {
    ...encoder,
    imageSize: reader.wholeNumber('image_size', { least: patchSize, most: 8192, default: 224 }),
    patchSize,
    channels: reader.wholeNumber('num_channels', { least: 1, most: 64, default: 3 }),
    initializerRange: reader.number('initializer_range', { least: 0, most: 10, default: 0.02 }),
  };
  reader.finish([...notes, 'bos_token_id', 'eos_token_id', 'pad_token_id']);
  return config;
}

interface EncoderDefaults {
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly heads: number;
}

const textDefaults: EncoderDefaults = { hiddenSize: 512, intermediateSize: 2048, heads: 8 };
const visionDefaults: EncoderDefaults = { hiddenSize: 768, intermediateSize: 3072, heads: 12 };

function parseEncoder(reader: ConfigReader, defaults: EncoderDefaults): ClipEncoderConfig {
  const hiddenSize = reader.wholeNumber('hidden_size', {
    least: 1,
    most: 16_384,
    default: defaults.hiddenSize,
  });
  const heads = reader.wholeNumber('num_attention_heads', { least: 1, most: 1024, default: defaults.heads });
  if (hiddenSize % heads !== 0) {
    reader.refuse('num_attention_heads', `a divisor of hidden_size, which is ${hiddenSize}`);
  }
  return {
    hiddenSize,
    intermediateSize: reader.wholeNumber('intermediate_size', {
      least: 1,
      most: 65_536,
      default: defaults.intermediateSize,
    }),
    layers: reader.wholeNumber('num_hidden_layers', { least: 1, most: 256, default: 12 }),
    heads,
    activation: reader.choice('hidden_act', Object.keys(activations) as ActivationName[], 'quick_gelu'),
    layerNormEpsilon: reader.number('layer_norm_eps', { least: 0, most: 1, default: 1e-5 }),
    projectionSize: reader.wholeNumber('projection_dim', { least: 1, most: 16_384, default: 512 }),
    initializerFactor: reader.number('initializer_factor', { least: 0, most: 1e6, default: 1 }),
  };
}

function parsePooling(reader: ConfigReader): ClipTextConfig['pooling'] {
  const endToken = reader.wholeNumber('eos_token_id', { least: 0, most: 2 ** 21, default: 49_407 });
  return endToken === 2 ? { kind: 'largest id' } : { kind: 'first end token', endToken };
}

/** A CLIPModel's config holds one for each tower, and their common projection. */
function partOf(json: unknown, part: 'text_config' | 'vision_config'): unknown {
  const whole = typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : {};
  const inner = whole[part];
  if (typeof inner !== 'object' || inner === null) return json;
  return { ...inner, ...('projection_dim' in whole && { projection_dim: whole.projection_dim }) };
}

/**
 * What transformers writes into every configuration and CLIP does not read: bookkeeping, dropout (used in training
 * only, and 0 in every published model), and the settings of text generation.
 */
const notes = [
  ...['architectures', 'model_type', 'torch_dtype', 'dtype', 'transformers_version', 'tokenizer_class'],
  ...[
    'attention_dropout',
    'dropout',
    'use_cache',
    'return_dict',
    'tie_word_embeddings',
    'id2label',
    'label2id',
  ],
  ...['chunk_size_feed_forward', 'diversity_penalty', 'encoder_no_repeat_ngram_size', 'length_penalty'],
  ...['max_length', 'min_length', 'no_repeat_ngram_size', 'num_beam_groups', 'num_beams', 'pruned_heads'],
  ...['num_return_sequences', 'repetition_penalty', 'temperature', 'top_k', 'top_p', 'typical_p'],
];
