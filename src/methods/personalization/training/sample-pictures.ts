import { type RandomKey, resultOf, type StateLeaf } from '../../../engine/index.ts';
import { type Picture, picturesFromArray } from '../../../files/images/index.ts';
import type { Tokenizer } from '../../../networks/clip/index.ts';
import { releaseModel, textToImage } from '../../diffusion/index.ts';
import type { PersonalizationMethod } from '../methods/personalization-method.ts';
import type { Learned } from '../model-trees.ts';
import type { PersonalizationBase } from '../personalize-options.ts';
import { personalizedModel } from '../personalized-model.ts';
import type { GenerationSettings } from './class-pictures.ts';

/** Pictures to look at while a concept is learned. */
export interface SampleRequest extends GenerationSettings {
  /** Steps between them. */
  readonly every: number;
  /** Default: a photo of the concept. */
  readonly prompts?: readonly string[];
}

export interface SampleEvent {
  readonly kind: 'sample';
  readonly step: number;
  readonly prompt: string;
  readonly picture: Picture;
}

export interface SampleOptions extends GenerationSettings {
  readonly method: PersonalizationMethod;
  /** Knows the concept's words. */
  readonly tokenizer: Tokenizer;
  readonly prompts: readonly string[];
  readonly size: number;
  readonly step: number;
  readonly key: RandomKey;
  readonly signal?: AbortSignal;
}

/** Pictures by what is learned so far; the same noise each time, so that they can be compared. */
export async function* samplePictures(
  { model, scheduler }: PersonalizationBase,
  learned: Learned<StateLeaf>,
  options: SampleOptions,
): AsyncGenerator<SampleEvent> {
  const { method, tokenizer, prompts, size, step, key, signal, steps = 50, guidanceScale = 7.5 } = options;
  const personalized = await personalizedModel(model, method, learned);
  try {
    for (const prompt of prompts) {
      const sampling = textToImage(personalized, {
        tokenizer,
        prompt,
        scheduler,
        steps,
        guidanceScale,
        key,
        height: size,
        width: size,
        ...(signal && { signal }),
      });
      const { images } = await resultOf(sampling);
      const [picture] = picturesFromArray(images, `sample of "${prompt}"`);
      yield { kind: 'sample', step, prompt, picture: picture! };
    }
  } finally {
    await releaseModel(personalized);
  }
}
