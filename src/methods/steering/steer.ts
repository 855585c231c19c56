import {
  fold,
  formatShape,
  type LazySource,
  type NdArray,
  Owner,
  type RandomKey,
  randomKey,
  type Source,
  type State,
  type StateLeaf,
  sameShape,
  type Tree,
} from '../../engine/index.ts';
import type { Tokenizer } from '../../networks/clip/index.ts';
import { type HeldModel, type Latents, releaseModel, requireFinite } from '../diffusion/index.ts';
import type { Branches } from '../editing/index.ts';
import {
  applyLearned,
  changesText,
  type Every,
  feedFeatures,
  feedIds,
  type Learned,
  type LearnedConcept,
  networkSources,
  type PersonalizationBase,
  tokenizerWith,
} from '../personalization/index.ts';
import { guidedPrompts } from './edsd.ts';
import { needsMask } from './guided-images/guided-image-settings.ts';
import { type GuidedImageEvent, guidedImages, type SteeringPrompts } from './guided-images/guided-images.ts';
import { regionPlane } from './loss-region.ts';
import { optimizeSteered, type SteeringEvent } from './optimize-steered.ts';
import type { BranchTexts } from './steered-branches.ts';
import { type SteeredConcept, type SteeredParameters, steeredParameters } from './steered-parameters.ts';
import { checkSteering, type SteeringSettings } from './steering-settings.ts';

export interface SteerOptions {
  /** What is steered: `learnedOfConcept` of an open file, or `learnedInMemory`. */
  readonly concept: LearnedConcept;
  /** ẑ: the mean of the source's encoding times the scaling factor, [1, channels, height, width]. */
  readonly source: Latents;
  readonly prompts: SteeringPrompts;
  /** M, where the subject is, [height, width] from 0 to 1. The default settings need it, `steeringEverywhere` does not. */
  readonly mask?: NdArray<'float32'>;
  readonly settings: SteeringSettings;
  /** Where all randomness comes from, a whole number. */
  readonly seed: number;
  /** The first x^k, made before with these settings; only what is missing of their count is made. */
  readonly guidedImages?: readonly Latents[];
  /** How good a guided image is; the best are kept. */
  readonly score?: (image: Latents) => Promise<number>;
  /** Steps between checkpoints, or whether there is one after a step; after the last one there is. Default: none. */
  readonly checkpointEvery?: Every;
  /** A checkpoint's state, of the same concept, source, settings and seed; sources are read once. */
  readonly resumeFrom?: Tree<Source>;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

export type SteerEvent = GuidedImageEvent | SteeringEvent;

export interface Steered extends SteeredConcept {
  /** x^k */
  readonly guidedImages: readonly Latents[];
  /** Knows the concept's words. */
  readonly tokenizer: Tokenizer;
}

/**
 * Steers a concept to a source (DreamSteerer, arXiv 2410.11208): from the personalized parameters on,
 *
 *     min_θ  L_EDSD(θ; ẑ, ŷ, y)  +  μ · L_MSR(θ; x^1 … x^K, y)
 *
 * by Adam. The result is a concept for edits of this source.
 *
 * A step asks θ and φ at the source and at each slight edit, for each text of guidance (`estimateEdsd`), forward only
 * and one after the other, and differentiates θ on the rows of both losses, all in one call or some at a time
 * (`rowsPerPass`). φ is read where `base` holds it.
 * @throws a sentence if a setting is out of its range, the concept does not fit, or at the step at which numbers are not
 *   finite; the signal's reason when it is aborted
 */
export async function* steer(
  base: PersonalizationBase,
  options: SteerOptions,
): AsyncGenerator<SteerEvent, Steered> {
  const run = await startRun(base, options);
  const { images, target, source } = yield* prepare(run);
  const frozen = await frozenParts(base.model, run.steered.kept);
  try {
    const variables = yield* optimizeSteered({
      ...options,
      base,
      steered: run.steered,
      frozen,
      images,
      branches: { target, source },
      key: fold(run.key, 'steps'),
    });
    const concept = await run.steered.finish(variables);
    return { ...concept, guidedImages: images, tokenizer: run.tokenizer };
  } finally {
    await frozen.dispose();
  }
}

/** What the stages share. */
interface Run {
  readonly base: PersonalizationBase;
  readonly options: SteerOptions;
  readonly steered: SteeredParameters;
  /** With the concept's words. */
  readonly tokenizer: Tokenizer;
  /** Those that predictions are asked under. */
  readonly texts: { readonly target: readonly string[]; readonly source: readonly string[] };
  readonly key: RandomKey;
}

/** x^k, and the texts as θ and φ see them, which may have text encoders of their own. */
interface Prepared extends Branches<BranchTexts> {
  readonly images: readonly Latents[];
}

async function startRun(base: PersonalizationBase, options: SteerOptions): Promise<Run> {
  const { concept, settings, source, prompts, seed, signal } = options;
  signal?.throwIfAborted();
  checkSteering(settings, base.scheduler.schedule.alphasCumprod.length);
  requireFinite(source, 'steer: the source latents hold');
  if (source.shape.length !== 4 || source.shape[0] !== 1) {
    throw new Error(`steer: the source is [1, channels, height, width], got [${source.shape.join(', ')}]`);
  }
  checkMask(options);
  checkImages(options);
  const key = randomKey(seed);
  const w = settings.edsd === 'off' ? 1 : settings.edsd.guidanceScale;
  const asked = (prompt: string) => guidedPrompts(w, prompt, prompts.negative);
  return {
    base,
    options,
    steered: await steeredParameters(
      concept,
      settings.subset,
      networkSources(base.model),
      base.tokenizer,
      fold(key, 'initialize'),
    ),
    tokenizer: tokenizerWith(base.tokenizer, concept),
    texts: { target: asked(prompts.target), source: asked(prompts.source) },
    key,
  };
}

/** Before anything is sampled. */
function checkMask({ settings: { edsd, modeShifting, guidedImages: guided }, mask, source }: SteerOptions) {
  const regions = [
    ...(edsd === 'off' ? [] : [edsd.region, edsd.editRegion]),
    ...(modeShifting === 'off' ? [] : [modeShifting.region]),
    ...(modeShifting === 'off' || !needsMask(guided) ? [] : (['subject'] as const)),
  ];
  for (const region of regions) regionPlane(region, mask, source.shape.slice(2));
}

function checkImages({ settings: { modeShifting }, guidedImages: given, source }: SteerOptions) {
  if (modeShifting === 'off' || given === undefined) return;
  const odd = given.find(({ shape }) => !sameShape(shape, source.shape));
  if (odd === undefined) return;
  throw new Error(
    `steer: guided images are as large as the source, ${formatShape(source.shape)}, got ${formatShape(odd.shape)}`,
  );
}

/** Guided images, and the texts' features where steering does not change them: what needs the concept as it was. */
async function* prepare(run: Run): AsyncGenerator<SteerEvent, Prepared> {
  const { base, options, steered, tokenizer, texts, key } = run;
  const { settings, mask, score, signal, source, prompts } = options;
  const personalized = await applyLearned(base, options.concept);
  try {
    const images =
      settings.modeShifting === 'off'
        ? []
        : yield* guidedImages({
            settings: settings.guidedImages,
            personalized,
            pretrained: base,
            schedule: base.scheduler.schedule,
            source,
            prompts,
            key: fold(key, 'guided images'),
            ...(options.guidedImages && { given: options.guidedImages }),
            ...(mask && { mask }),
            ...(score && { score }),
            ...(signal && { signal }),
          });
    const target = changesText(steered.variables)
      ? feedIds(tokenizer)
      : await feedFeatures(personalized.model, tokenizer, texts.target);
    return {
      images: images.map(({ latents }) => latents),
      target: { feeds: target, texts: texts.target },
      source: {
        feeds: await feedFeatures(base.model, base.tokenizer, texts.source),
        texts: texts.source,
      },
    };
  } finally {
    await releaseModel(personalized.model);
  }
}

/** φ and what is kept of the concept as one state: `FrozenParts`. */
async function frozenParts(
  { device, unet, textEncoder }: HeldModel,
  kept: Learned<LazySource>,
): Promise<State> {
  await using owner = new Owner();
  const held = owner.use(await device.holdLazily(kept as Tree<LazySource>, { dtype: 'float32' }));
  return await device.combine({
    unet: unet.parameters.references() as Tree<StateLeaf>,
    textEncoder: textEncoder.parameters.references() as Tree<StateLeaf>,
    kept: held.references() as Tree<StateLeaf>,
  });
}
