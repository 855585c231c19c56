import { fold, forwardEvents, type NdArray, normal, type RandomKey } from '../../../engine/index.ts';
import {
  blendByMask,
  compileDenoiser,
  contextOf,
  isStochastic,
  type Latents,
  type NoiseSchedule,
  type PromptedModel,
  type SamplerRun,
  type SamplingEvent,
  type SamplingStart,
  sample,
  startSampler,
} from '../../diffusion/index.ts';
import type { Plane } from '../../editing/index.ts';
import { guidedPrompts } from '../edsd.ts';
import { regionPlane } from '../loss-region.ts';
import { type LookingEvent, transferAppearance } from './appearance-transfer.ts';
import { compileGuide } from './compile-guide.ts';
import { type DrawingEvent, drawConcept } from './concept-drawings.ts';
import { type ConceptAppearance, type GuidedImageSettings, needsMask } from './guided-image-settings.ts';
import { chooseSelfAttentions, latentSize } from './self-attention-features.ts';
import { invertedSource, noisedSource, type SourceTrajectory } from './source-trajectory.ts';
import type { SpatialGuide } from './spatial-guide.ts';

export interface GuidedImagesOptions {
  readonly settings: GuidedImageSettings;
  /** θ with the concept's words, whose images are made. */
  readonly personalized: PromptedModel;
  /** φ */
  readonly pretrained: PromptedModel;
  readonly schedule: NoiseSchedule;
  /** ẑ, [1, channels, height, width]. */
  readonly source: Latents;
  readonly prompts: SteeringPrompts;
  /** M, [height, width] from 0 to 1; where the settings need it (`needsMask`). */
  readonly mask?: Plane;
  /** The first images, made before with the same options and key. */
  readonly given?: readonly Latents[];
  /** How good an image is, such as its likeness to the concept; decode it with `decodeLatents`. */
  readonly score?: (image: Latents) => Promise<number>;
  readonly key: RandomKey;
  readonly signal?: AbortSignal;
}

export interface SteeringPrompts {
  /** ŷ: what the source shows. */
  readonly source: string;
  /** y: what it should show. */
  readonly target: string;
  /** What guidance leads away from. Default: the empty prompt. */
  readonly negative?: string;
}

export type GuidedImageEvent =
  | DrawingEvent
  | LookingEvent
  /** After each step of the inversion of the source, or of the sampling of an image. */
  | (Omit<SamplingEvent, 'kind' | 'count'> & {
      readonly kind: 'guiding';
      readonly stage: 'inverting' | 'sampling';
      /** 0 … count − 1 */
      readonly image: number;
      readonly count: number;
      /** Of the stage. */
      readonly steps: number;
    })
  /** After each image. */
  | ({ readonly kind: 'guided image'; readonly image: number; readonly count: number } & GuidedImage);

export interface GuidedImage {
  /** Clean latents x^k, [1, channels, height, width]. */
  readonly latents: Latents;
  readonly score: number | undefined;
}

/**
 * Spatial feature guided sampling (DreamSteerer, arXiv 2410.11208): images of the personalized model under the target
 * prompt that carry the concept's appearance on the source's structure, guided by the UNet's self-attention features of
 * the source or, if the settings say so, of that with its subject in the concept's appearance (`transferAppearance`).
 * Returns those that are kept, the best first if they are scored.
 * @throws a sentence for layers that the UNet does not have, a mask that is missing, or numbers that are not finite
 */
export async function* guidedImages(
  options: GuidedImagesOptions,
): AsyncGenerator<GuidedImageEvent, readonly GuidedImage[]> {
  const { settings, given = [], score } = options;
  const { count, keep } = settings;
  const images: GuidedImage[] = [];
  for (const latents of given.slice(0, count)) {
    images.push({ latents, score: score === undefined ? undefined : await score(latents) });
  }
  if (images.length < count) images.push(...(yield* sampleImages(options, images.length)));
  return images.sort((a, b) => (b.score ?? 0) - (a.score ?? 0)).slice(0, keep);
}

/** Those from a number on. */
async function* sampleImages(
  options: GuidedImagesOptions,
  first: number,
): AsyncGenerator<GuidedImageEvent, readonly GuidedImage[]> {
  const { settings, schedule, source, mask, key, score } = options;
  const { count, sampler, steps, start, appearance } = settings;
  if (count > 1 && !drawsPerImage(settings)) {
    throw new Error(
      `guided images: from the inverted source ${sampler.name} makes the same image ${count} times; ask for one, or start from the noised source`,
    );
  }
  if (needsMask(settings)) regionPlane('subject', mask, source.shape.slice(2));
  const outside = settings.outside === 'free' ? undefined : mask!.data;
  const run = startSampler(schedule, sampler, { steps, strength: strengthOf(settings) });
  const guidance = { guidanceScale: settings.guidanceScale };
  const { personalized, observer, context, sourceContext } = await askers(options);
  const guide = await compileGuide(
    settings.guidance,
    { personalized, observer, context, sourceContext },
    { shape: source.shape, schedule, guidance, count: run.steps.length, subject: mask },
  );
  const made: GuidedImage[] = [];
  try {
    const shown = appearance === 'source' ? source : yield* withConceptAppearance(options, appearance);
    const inverted = needsInversion(settings)
      ? yield* invert(options, shown, observer, sourceContext)
      : undefined;
    for (let image = first; image < count; image++) {
      const own = fold(fold(key, 'image'), image);
      const noise = normal(fold(own, 'noise'), shown.shape);
      const noised = noisedSource(shown, noise);
      const latents = yield* sampleGuided(options, guide, run, {
        image,
        key: own,
        shown,
        trajectory: usesInversion(settings) ? inverted! : noised,
        start: startOf(settings, run, noise, start === 'inverted source' ? inverted! : noised),
        background: start === 'inverted source' ? inverted! : noised,
        outside,
      });
      const kept = { latents, score: score === undefined ? undefined : await score(latents) };
      made.push(kept);
      yield { kind: 'guided image', image, count, ...kept };
    }
  } finally {
    await guide.dispose();
  }
  return made;
}

/** x̃ */
async function* withConceptAppearance(
  options: GuidedImagesOptions,
  { drawings: count, guidanceScale, ...comparison }: ConceptAppearance,
): AsyncGenerator<GuidedImageEvent, Latents> {
  const { settings, pretrained, source, prompts, mask, key } = options;
  const { sampler, steps } = settings;
  // Before anything is drawn, layers that there are not are refused.
  chooseSelfAttentions(
    pretrained.model.unet.config,
    latentSize(source.shape),
    comparison.layers,
    'queries and keys',
  );
  const drawings = yield* drawConcept({
    ...options,
    count,
    guidanceScale,
    sampler,
    steps,
    shape: source.shape,
    key: fold(key, 'drawings'),
  });
  return yield* transferAppearance({
    ...options,
    comparison,
    drawings,
    mask: mask!,
    sourcePrompt: prompts.source,
    key: fold(key, 'looks'),
  });
}

interface OneImage {
  readonly image: number;
  readonly key: RandomKey;
  /** ẑ, or x̃ where the subject has the concept's appearance. */
  readonly shown: Latents;
  /** Whose features guide. */
  readonly trajectory: SourceTrajectory;
  readonly start: SamplingStart;
  /** What is written back outside the mask. */
  readonly background: SourceTrajectory;
  readonly outside: Float32Array | undefined;
}

async function* sampleGuided(
  { settings, schedule, signal }: GuidedImagesOptions,
  guide: SpatialGuide,
  run: SamplerRun,
  { image, key, shown, trajectory, start, background, outside }: OneImage,
): AsyncGenerator<GuidedImageEvent, Latents> {
  let asked = 0;
  const walk = sample({
    denoise: (latents, timestep, aborted) => {
      const step = asked++; // once in each
      const { from: level } = run.steps[step]!;
      return guide.predict({ latents, timestep, level, step }, trajectory, aborted);
    },
    schedule,
    sampler: settings.sampler,
    steps: settings.steps,
    strength: strengthOf(settings),
    start,
    key,
    ...(outside && { revise: (latents, level) => blendByMask(outside, latents, background(level)) }),
    ...(signal && { signal }),
  });
  const latents = yield* forwardEvents(walk, (event) =>
    guiding(event, { stage: 'sampling', image, count: settings.count }),
  );
  // The last level of a schedule may have some noise left; the image is clean.
  return outside === undefined ? latents : blendByMask(outside, latents, shown);
}

/** The models, each with the text that it is asked under. */
async function askers({ settings, personalized, pretrained, prompts }: GuidedImagesOptions) {
  const { guidance, guidanceScale } = settings;
  const texts = guidedPrompts(guidanceScale, prompts.target, prompts.negative);
  const looks =
    guidance.kind !== 'none' && guidance.featuresOf === 'personalized' ? personalized : pretrained;
  // Plug-and-Play inverts, and looks, under the empty prompt.
  const seen = guidance.kind === 'energy' ? prompts.source : '';
  return {
    personalized: personalized.model,
    observer: looks.model,
    context: await contextOf(personalized, texts),
    sourceContext: await contextOf(looks, [seen]),
  };
}

async function* invert(
  { settings, schedule, signal }: GuidedImagesOptions,
  source: Latents,
  observer: PromptedModel['model'],
  context: NdArray,
): AsyncGenerator<GuidedImageEvent, SourceTrajectory> {
  const { denoise, dispose } = await compileDenoiser(observer, source.shape, context, { guidanceScale: 1 });
  try {
    const walk = invertedSource(source, denoise, schedule, settings.steps, signal);
    return yield* forwardEvents(walk, (event) =>
      guiding(event, { stage: 'inverting', image: 0, count: settings.count }),
    );
  } finally {
    await dispose();
  }
}

const guiding = (
  { count: steps, ...event }: SamplingEvent,
  stage: Pick<Extract<GuidedImageEvent, { readonly kind: 'guiding' }>, 'stage' | 'image' | 'count'>,
): GuidedImageEvent => ({ ...event, ...stage, kind: 'guiding', steps });

const usesInversion = ({ guidance }: GuidedImageSettings): boolean =>
  guidance.kind !== 'none' && guidance.sourceNoise === 'inverted';

const needsInversion = (settings: GuidedImageSettings): boolean =>
  settings.start === 'inverted source' || usesInversion(settings);

/** Whether anything of an image is drawn for it alone. */
const drawsPerImage = ({ start, sampler, guidance }: GuidedImageSettings): boolean =>
  start !== 'inverted source' ||
  isStochastic(sampler) ||
  (guidance.kind !== 'none' && guidance.sourceNoise === 'fixed');

const strengthOf = ({ start, strength }: GuidedImageSettings): number => (start === 'noise' ? 1 : strength);

const startOf = (
  { start }: GuidedImageSettings,
  run: SamplerRun,
  noise: Latents,
  trajectory: SourceTrajectory,
): SamplingStart =>
  start === 'noise'
    ? { kind: 'given-noise', noise }
    : { kind: 'latents', latents: trajectory(run.steps[0]!.from) };
