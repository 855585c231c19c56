import {
  fold,
  type LazySource,
  minimize,
  type NdArray,
  type RandomKey,
  randomKey,
  type StateLeaf,
  type StepEvent,
  type StepReport,
  type TrainingState,
  type Tree,
} from '../../engine/index.ts';
import type { Picture } from '../../files/images/index.ts';
import type { Tokenizer } from '../../networks/clip/index.ts';
import { pixelsPerCell } from '../../networks/vae/index.ts';
import { type HeldModel, type Scheduler, weightedSum } from '../diffusion/index.ts';
import type { PromptedModel } from './apply-concept.ts';
import { type DriftProbe, probeDrift } from './class-drift.ts';
import { type ClassPictureEvent, type GenerationSettings, generateClassPictures } from './class-pictures.ts';
import { diffusionProblem } from './diffusion-problem.ts';
import { type EncodedEvent, encodeExamples } from './encode-examples.ts';
import type { Learned } from './model-trees.ts';
import {
  type ConceptPlan,
  type PersonalizationMethod,
  personalizationMethod,
} from './personalization-method.ts';
import { changesText, frozenNetworks } from './personalized-prediction.ts';
import { feedFeatures, feedIds, type PromptFeeds } from './prompt-feeds.ts';
import { classPrompt, promptsOf } from './prompts.ts';
import { type SampleEvent, type SampleRequest, samplePictures } from './sample-pictures.ts';
import { extendTokenizer } from './tokens.ts';
import { drawBatch, type ExampleSource } from './training-batches.ts';
import { checkTraining, type TrainingSettings } from './training-settings.ts';

/** What is personalized. */
export interface PersonalizationBase extends PromptedModel {
  readonly scheduler: Scheduler;
}

/** What is learned, and what it is called. */
export interface ConceptDefinition extends ConceptPlan {
  /** What prompts call it: `<biscuit> cat`, or with a rare word `sks cat`. */
  readonly phrase: string;
  /** What it is one of: `cat`. */
  readonly classWord: string;
}

export interface Reference {
  readonly picture: Picture;
  /** Its prompt, in which `{}` stands for the phrase. Default: neutral wordings. */
  readonly caption?: string;
}

export interface ClassPicture {
  readonly picture: Picture;
  /** Its prompt. Default: a photo of the class. */
  readonly caption?: string;
}

export interface PersonalizeOptions {
  readonly concept: ConceptDefinition;
  /** Three to five are usual. Of any size; cropped to squares. */
  readonly references: readonly Reference[];
  readonly training: TrainingSettings;
  /** Side of the pictures that the model is trained with, in pixels. Default: the model's own. */
  readonly size?: number;
  /** Where all randomness comes from, a whole number. */
  readonly seed: number;
  /** For prior preservation, real or generated before; what is missing of its number is generated. */
  readonly classPictures?: readonly ClassPicture[];
  /** Of class pictures. */
  readonly generation?: GenerationSettings;
  /** Pictures of the concept now and then. Default: none. */
  readonly samples?: SampleRequest;
  /** Steps between checkpoints. Default: none. */
  readonly checkpointEvery?: number;
  /** Steps between measurements of the class word's drift. Default: none. */
  readonly driftEvery?: number;
  /** A checkpoint's state, of the same concept, pictures, settings and seed. */
  readonly resumeFrom?: TrainingState;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

export type PersonalizeEvent =
  | EncodedEvent
  | ClassPictureEvent
  | SampleEvent
  | ({ readonly kind: 'step' } & StepReport)
  /** See `probeDrift`. */
  | { readonly kind: 'drift'; readonly step: number; readonly drift: number }
  /** Written down (`writeTrainingState`), it lets the training go on as if it had not stopped. */
  | { readonly kind: 'checkpoint'; readonly step: number; readonly state: TrainingState };

export interface Personalized {
  /** In float32; the moving average if one was kept. */
  readonly learned: Learned<NdArray>;
  readonly state: TrainingState;
  /** Knows the concept's words. */
  readonly tokenizer: Tokenizer;
}

/**
 * Learns a concept from pictures by any method: the diffusion loss on noised latents of the references, and with
 * prior preservation on pictures of the class (Rombach et al. 2022, equation 2; Ruiz et al. 2022, equation 2),
 *
 *     E ‖f_θ(α_t z + σ_t ε, y, t) − target‖² + λ · E ‖the same of the class‖²
 *
 * where the target is what the model was trained to predict (ε, v or x₀) and norms are means over valid elements.
 * @throws a sentence if a setting is out of its range, a caption does not name the concept, or a loss is not finite
 */
export async function* personalize(
  base: PersonalizationBase,
  options: PersonalizeOptions,
): AsyncGenerator<PersonalizeEvent, Personalized> {
  const run = startRun(base, options);
  const { model } = base;
  const sources = yield* prepareSources(run);
  const variables = await run.method.initialize(sourcesOf(model), fold(run.key, 'initialize'));
  const feeds = await feedsOf(run, variables, sources);
  const frozen = await frozenNetworks(model);
  const probe = options.driftEvery === undefined ? undefined : await probeOf(run, sources);
  const [channels, height, width] = sources[0]!.examples[0]![0]!.mean.shape.slice(1) as [
    number,
    number,
    number,
  ];
  const items = sources.reduce((total, { count }) => total + count, 0);
  const problem = diffusionProblem({
    networks: run.networks,
    variables,
    frozen,
    feeds,
    training: options.training,
    shape: [items, channels, height, width],
  });
  const { batchesPerStep, steps } = options.training;
  const training = minimize(model.device, problem, {
    steps,
    batch: (step, part) => {
      const { prompts, ...batch } = drawBatch(sources, step * batchesPerStep + part, {
        schedule: base.scheduler.schedule,
        scalingFactor: model.vae.config.scalingFactor,
      });
      return { ...batch, prompt: feeds.of(prompts) };
    },
    ...(options.resumeFrom && { resumeFrom: options.resumeFrom }),
    ...(options.signal && { signal: options.signal }),
  });
  try {
    let next = await training.next();
    for (; !next.done; next = await training.next()) {
      const { save: _save, references: _references, ...report } = next.value;
      yield report;
      if (report.update === 'applied') yield* watch(run, next.value, probe);
    }
    const { variables, averages, state } = next.value;
    return { learned: (averages ?? variables) as Learned<NdArray>, state, tokenizer: run.tokenizer };
  } finally {
    await training.return(undefined as never); // frees the minimizer where the caller stopped early
    await probe?.dispose();
    await frozen.dispose();
  }
}

/** What the stages share. */
interface Run {
  readonly base: PersonalizationBase;
  readonly options: PersonalizeOptions;
  readonly method: PersonalizationMethod;
  readonly networks: Parameters<typeof diffusionProblem>[0]['networks'];
  /** With the concept's words. */
  readonly tokenizer: Tokenizer;
  readonly key: RandomKey;
  /** Side of pictures, in pixels. */
  readonly size: number;
}

function startRun(base: PersonalizationBase, options: PersonalizeOptions): Run {
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

const sourcesOf = ({ unet, textEncoder }: HeldModel) => ({
  unet: unet.parameters.sources() as Tree<LazySource>,
  textEncoder: textEncoder.parameters.sources() as Tree<LazySource>,
});

/** The references, and the class pictures where the prior is preserved, as encoded examples. */
async function* prepareSources(run: Run): AsyncGenerator<PersonalizeEvent, readonly ExampleSource[]> {
  const { base, options, key, size } = run;
  const { concept, training, references, classPictures = [], signal } = options;
  const { batchSize, wordings, prior, crop, augmentation } = training;
  const shared = { crop, size, ...(signal && { signal }) };
  const prompted = references.map(({ picture, caption }) => ({
    picture,
    prompts: promptsOf(concept.phrase, wordings, caption),
  }));
  const examples = yield* encodeExamples(base.model, prompted, {
    ...shared,
    augmentation,
    key: fold(key, 'views'),
  });
  const own: ExampleSource = { examples, count: batchSize, weight: 1, key: fold(key, 'references') };
  if (prior.kind === 'none') return [own];

  const prompt = classPrompt(concept.classWord);
  const given = classPictures.slice(0, prior.pictures);
  const generated = yield* generateClassPictures(base, {
    ...options.generation,
    prompt,
    from: given.length,
    to: prior.pictures,
    size,
    key: fold(key, 'class pictures'),
    ...(signal && { signal }),
  });
  const pictures = [
    ...given.map(({ picture, caption = prompt }) => ({ picture, prompts: [caption] })),
    ...generated.map((picture) => ({ picture, prompts: [prompt] })),
  ];
  const classExamples = yield* encodeExamples(base.model, pictures, {
    ...shared,
    augmentation: 'none',
    key: fold(key, 'class views'),
  });
  const { batchSize: count, weight } = prior;
  return [own, { examples: classExamples, count, weight, key: fold(key, 'class') }];
}

/** Features are computed once where nothing that is learned changes them. */
const feedsOf = (
  { base, tokenizer }: Run,
  variables: Learned<NdArray>,
  sources: readonly ExampleSource[],
): Promise<PromptFeeds> =>
  changesText(variables)
    ? Promise.resolve(feedIds(tokenizer))
    : feedFeatures(
        base.model,
        tokenizer,
        sources.flatMap(({ examples }) => examples.flat().flatMap(({ prompts }) => prompts)),
      );

const probeOf = (
  { base, options, networks, tokenizer, key }: Run,
  sources: readonly ExampleSource[],
): Promise<DriftProbe> =>
  probeDrift(base.model, {
    networks,
    tokenizer,
    schedule: base.scheduler.schedule,
    prompt: classPrompt(options.concept.classWord),
    latents: weightedSum([base.model.vae.config.scalingFactor, sources[0]!.examples[0]![0]!.mean]),
    key: fold(key, 'drift'),
  });

/** What is looked at between steps. */
async function* watch(
  { base, options, method, tokenizer, key, size }: Run,
  { step, save, references }: StepEvent,
  probe: DriftProbe | undefined,
): AsyncGenerator<PersonalizeEvent> {
  const { samples, checkpointEvery, driftEvery, concept, signal } = options;
  const due = (every: number | undefined) => every !== undefined && step % every === 0;
  const learned = references() as Learned<StateLeaf>;
  if (probe !== undefined && due(driftEvery)) {
    yield { kind: 'drift', step, drift: await probe.measure(learned) };
  }
  if (samples !== undefined && due(samples.every)) {
    yield* samplePictures(base, learned, {
      prompts: promptsOf(concept.phrase, 'one'),
      ...samples,
      method,
      tokenizer,
      size,
      step,
      key: fold(key, 'samples'),
      ...(signal && { signal }),
    });
  }
  if (due(checkpointEvery)) yield { kind: 'checkpoint', step, state: await save() };
}
