import {
  fold,
  minimize,
  type NdArray,
  Owner,
  type Source,
  type StateLeaf,
  type StepEvent,
} from '../../engine/index.ts';
import { weightedSum } from '../diffusion/index.ts';
import { type Learned, networkSources } from './model-trees.ts';
import type {
  PersonalizationBase,
  Personalized,
  PersonalizeEvent,
  PersonalizeOptions,
} from './personalize-options.ts';
import { changesText, frozenNetworks } from './personalized-prediction.ts';
import { type DriftProbe, probeDrift } from './training/class-drift.ts';
import { diffusionProblem } from './training/diffusion-problem.ts';
import { isDue } from './training/is-due.ts';
import { type Run, startRun } from './training/personalization-run.ts';
import { prepareSources } from './training/prepare-sources.ts';
import { feedFeatures, feedIds, type PromptFeeds } from './training/prompt-feeds.ts';
import { classPrompt, promptsOf } from './training/prompts.ts';
import { samplePictures } from './training/sample-pictures.ts';
import { drawBatch, type ExampleSource } from './training/training-batches.ts';

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
  const variables = await run.method.initialize(networkSources(model), fold(run.key, 'initialize'));
  const sources = yield* prepareSources(run);
  const feeds = await feedsOf(run, variables, sources);
  await using owner = new Owner();
  const frozen = owner.use(await frozenNetworks(model));
  const probe = options.driftEvery === undefined ? undefined : owner.use(await probeOf(run, sources));
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
  });
  owner.defer(() => training.return(undefined as never)); // frees the minimizer where the caller stopped early
  options.signal?.throwIfAborted();
  let next = await training.next();
  for (; !next.done; next = await training.next()) {
    const { save: _save, sources: _sources, references: _references, ...report } = next.value;
    yield report;
    const isStopped = options.signal?.aborted === true; // then what is learned is kept, whatever became of this step
    if (report.update === 'applied' || isStopped) yield* watch(run, next.value, probe);
    options.signal?.throwIfAborted();
  }
  const minimized = owner.use(next.value);
  const { averageDecay } = options.training;
  const learned = averageDecay === 'none' ? await minimized.variables() : await minimized.averages();
  return { learned: learned as Learned<NdArray>, tokenizer: run.tokenizer };
}

/** Features are computed once where nothing that is learned changes them. */
const feedsOf = (
  { base, tokenizer }: Run,
  variables: Learned<Source>,
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
    ...(options.signal && { signal: options.signal }),
  });

/** What is looked at between steps; after a step that is stopped nothing is, but what is learned is kept. */
async function* watch(
  { base, options, method, tokenizer, key, size }: Run,
  { step, sources, references }: StepEvent,
  probe: DriftProbe | undefined,
): AsyncGenerator<PersonalizeEvent> {
  const { samples, checkpointEvery, driftEvery, concept, signal } = options;
  const learned = references() as Learned<StateLeaf>;
  try {
    if (probe !== undefined && driftEvery !== undefined && isDue(driftEvery, step)) {
      yield { kind: 'drift', step, drift: await probe.measure(learned, signal) };
    }
    if (samples !== undefined && isDue(samples.every, step)) {
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
  } catch (error) {
    if (signal?.aborted !== true) throw error; // stopped: what is learned is kept first
  }
  const isLast = signal?.aborted === true || step === options.training.steps;
  if (checkpointEvery !== undefined && (isLast || isDue(checkpointEvery, step))) {
    yield { kind: 'checkpoint', step, state: sources() };
  }
}
