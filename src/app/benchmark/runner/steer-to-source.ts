import type { NdArray } from '../../../engine/index.ts';
import { picturesFromArray, readPicture } from '../../../files/images/index.ts';
import { decodeLatents, type Latents } from '../../../methods/diffusion/index.ts';
import { cosineSimilarity, embedPicture } from '../../../methods/evaluation/index.ts';
import {
  applyLearned,
  learnedOfConcept,
  type PromptedModel,
} from '../../../methods/personalization/index.ts';
import {
  learnedInMemory,
  passesPerStep,
  type SteeringSettings,
  steer,
  stepsUntil,
} from '../../../methods/steering/index.ts';
import type { JobProgress } from '../harness/job.ts';
import type { EditJob } from '../plan/benchmark-jobs.ts';
import { isScored } from '../plan/benchmark-settings.ts';
import type { ShelvedConcept } from './concept-shelf.ts';
import { WHITE } from './learn-concept.ts';
import type { Workbench } from './workbench.ts';

export interface SteeredModel {
  readonly personalized: PromptedModel;
  /** Runs of a UNet, see `unetCallsOfSteering`. */
  readonly unetCalls: number;
}

/** Steers a concept to a source and holds the model that comes of it, which the caller releases. */
export async function* steerToSource(
  bench: Workbench,
  { concept }: ShelvedConcept,
  job: EditJob & { readonly steering: SteeringSettings },
  given: {
    readonly source: Latents;
    readonly mask: NdArray<'float32'> | undefined;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<JobProgress, SteeredModel, undefined> {
  const { base } = bench;
  const { steering: settings, references } = job;
  const { mask, signal, source } = given;
  const score = isScored(settings) ? await conceptScore(bench, references) : undefined;
  const steering = steer(base, {
    concept: learnedOfConcept(concept),
    source,
    prompts: { source: job.prompt, target: job.targetPrompt },
    settings,
    seed: job.seed,
    ...(mask && { mask }),
    ...(score && { score }),
    ...(signal && { signal }),
  });
  let unetCalls = 0;
  let next = await steering.next();
  for (; !next.done; next = await steering.next()) {
    const event = next.value;
    unetCalls += unetCallsOfSteering(event, settings);
    if (event.kind === 'guiding') {
      const { image, step, steps, count } = event;
      yield { stage: 'guided images', done: image * steps + step + 1, total: count * steps };
    }
    if (event.kind === 'step') yield { stage: 'steering', done: event.step, total: event.count };
  }
  const { plan, learned } = next.value;
  return { personalized: await applyLearned(base, learnedInMemory(plan, learned)), unetCalls };
}

type SteerEventOf = ReturnType<typeof steer> extends AsyncGenerator<infer Event, unknown> ? Event : never;

/**
 * How often a UNet runs for an event: a step of inverting or sampling once, and where it is guided another time for the
 * source's features and, by energy, twice for its gradient; a step of steering once for each prediction that EDSD
 * compares (θ and φ at the source, then for each further slight edit and for the discrepancy) and twice for each pass
 * that is differentiated.
 */
export function unetCallsOfSteering(event: SteerEventOf, settings: SteeringSettings): number {
  const { edsd, guidedImages } = settings;
  if (event.kind === 'guiding') {
    const { guidance } = guidedImages;
    if (event.stage === 'inverting' || guidance.kind === 'none') return 1;
    const until =
      guidance.kind === 'energy' ? guidance.until : Math.max(guidance.attentionUntil, guidance.residualUntil);
    if (event.step >= stepsUntil(until, event.steps)) return 1;
    return guidance.kind === 'energy' ? 4 : 2;
  }
  if (event.kind !== 'step') return 0;
  const texts = edsd !== 'off' && edsd.guidanceScale !== 1 ? 2 : 1;
  const predictions = edsd === 'off' ? 0 : edsd.batchSize * (edsd.edits + 1) * 2 * texts;
  return predictions + 2 * passesPerStep(settings);
}

/** Mean likeness of a guided image to the references. */
async function conceptScore({ base, instruments }: Workbench, references: EditJob['references']) {
  const [{ instruments: first }] = instruments as [Workbench['instruments'][number]];
  const { clip } = first.networks;
  if (clip === undefined) {
    throw new Error(
      'guided images are chosen by their likeness to the concept, which needs a CLIP model (--clip)',
    );
  }
  const pictures = await Promise.all(references.map(({ picture }) => readPicture(picture, { onto: WHITE })));
  const theirs = await Promise.all(pictures.map((picture) => embedPicture(first, clip, picture)));
  return async (latents: Latents): Promise<number> => {
    const [picture] = picturesFromArray(await decodeLatents(base.model, latents), 'guided image');
    const ours = await embedPicture(first, clip, picture!);
    return theirs.reduce((sum, each) => sum + cosineSimilarity(ours, each), 0) / theirs.length;
  };
}
