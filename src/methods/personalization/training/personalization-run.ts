import { type RandomKey, randomKey } from '../../../engine/index.ts';
import type { Tokenizer } from '../../../networks/clip/index.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import { type PersonalizationMethod, personalizationMethod } from '../methods/personalization-method.ts';
import type { PersonalizationBase, PersonalizeOptions } from '../personalize-options.ts';
import type { PersonalizedNetworks } from '../personalized-prediction.ts';
import { extendTokenizer } from '../tokens.ts';
import { checkTraining } from './training-settings.ts';

/** What the stages share. */
export interface Run {
  readonly base: PersonalizationBase;
  readonly options: PersonalizeOptions;
  readonly method: PersonalizationMethod;
  readonly networks: PersonalizedNetworks;
  /** With the concept's words. */
  readonly tokenizer: Tokenizer;
  readonly key: RandomKey;
  /** Side of pictures, in pixels. */
  readonly size: number;
}

/** @throws a sentence about what cannot be personalized so */
export function startRun(base: PersonalizationBase, options: PersonalizeOptions): Run {
  const { concept, training, references, seed } = options;
  const { unet, textEncoder, vae } = base.model;
  checkTraining(training);
  if (references.length === 0)
    throw new Error('personalize: there is no reference picture; give at least one');
  const cell = pixelsPerCell(vae.config);
  const size = options.size ?? (unet.config.sampleSize ?? 64) * cell;
  if (!(Number.isSafeInteger(size) && size > 0 && size % cell === 0)) {
    throw new Error(`personalize: the size of pictures is a multiple of ${cell}, got ${size}`);
  }
  const method = personalizationMethod(concept, base.tokenizer);
  return {
    base,
    options,
    method,
    networks: { method, configs: { unet: unet.config, textEncoder: textEncoder.config } },
    tokenizer: extendTokenizer(base.tokenizer, concept.tokens),
    key: randomKey(seed),
    size,
  };
}
