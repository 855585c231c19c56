import { fold, forwardEvents, type RandomKey } from '../../../engine/index.ts';
import {
  compileDenoiser,
  contextOf,
  type Latents,
  type NoiseSchedule,
  type PromptedModel,
  type SamplerSettings,
  type SamplingEvent,
  sample,
} from '../../diffusion/index.ts';
import { guidedPrompts } from '../edsd.ts';

export interface ConceptDrawingsOptions {
  readonly count: number;
  /** w of classifier-free guidance. */
  readonly guidanceScale: number;
  readonly sampler: SamplerSettings;
  readonly steps: number;
  /** θ */
  readonly personalized: PromptedModel;
  readonly schedule: NoiseSchedule;
  /** Of the latents, [1, channels, height, width]. */
  readonly shape: readonly number[];
  /** y, and what guidance leads away from. */
  readonly prompts: { readonly target: string; readonly negative?: string };
  readonly key: RandomKey;
  readonly signal?: AbortSignal | undefined;
}

/** After each step of an image, 0 … count − 1. */
export type DrawingEvent = Omit<SamplingEvent, 'kind' | 'count'> & {
  readonly kind: 'drawing';
  readonly image: number;
  readonly count: number;
  /** Of an image. */
  readonly steps: number;
};

/** Images of the concept that know nothing of the photo. */
export async function* drawConcept({
  count,
  guidanceScale,
  sampler,
  steps,
  personalized,
  schedule,
  shape,
  prompts,
  key,
  signal,
}: ConceptDrawingsOptions): AsyncGenerator<DrawingEvent, readonly Latents[]> {
  const texts = guidedPrompts(guidanceScale, prompts.target, prompts.negative);
  const context = await contextOf(personalized, texts);
  const { model } = personalized;
  const { denoise, dispose } = await compileDenoiser(model, shape, context, { guidanceScale });
  const drawings: Latents[] = [];
  try {
    for (let image = 0; image < count; image++) {
      const walk = sample({
        denoise,
        schedule,
        sampler,
        steps,
        start: { kind: 'noise', shape },
        key: fold(key, image),
        ...(signal && { signal }),
      });
      const drawing = yield* forwardEvents(
        walk,
        ({ count: ofImage, ...event }): DrawingEvent => ({
          ...event,
          kind: 'drawing',
          image,
          count,
          steps: ofImage,
        }),
      );
      drawings.push(drawing);
    }
  } finally {
    await dispose();
  }
  return drawings;
}
