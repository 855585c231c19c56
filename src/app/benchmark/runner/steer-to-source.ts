import { type NdArray, Owner } from '../../../engine/index.ts';
import { picturesFromArray, readPicture } from '../../../files/images/index.ts';
import { decodeLatents, type Latents, type PromptedModel } from '../../../methods/diffusion/index.ts';
import { cosineSimilarity, embedPicture } from '../../../methods/evaluation/index.ts';
import { applyLearned, learnedOfConcept } from '../../../methods/personalization/index.ts';
import {
  learnedInMemory,
  type SteeringSettings,
  steer,
  unetCallsOfSteering,
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
  const score = isScored(settings) ? await conceptScore(bench, references, signal) : undefined;
  const steering = steer(base, {
    concept: await learnedOfConcept(concept),
    source,
    prompts: { source: job.prompt, target: job.targetPrompt },
    settings,
    seed: job.seed,
    ...(mask && { mask }),
    ...(score && { score }),
    ...(signal && { signal }),
  });
  await using owner = new Owner();
  owner.defer(() => steering.return(undefined as never));
  let unetCalls = 0;
  let next = await steering.next();
  for (; !next.done; next = await steering.next()) {
    const event = next.value;
    unetCalls += unetCallsOfSteering(event, settings);
    if (event.kind === 'drawing' || event.kind === 'guiding') {
      const { kind, image, step, steps, count } = event;
      const stage = kind === 'drawing' ? 'drawings of the concept' : 'guided images';
      yield { stage, done: image * steps + step + 1, total: count * steps };
    }
    if (event.kind === 'looking') yield { stage: 'comparing', done: event.step + 1, total: event.count };
    if (event.kind === 'step') yield { stage: 'steering', done: event.step, total: event.count };
  }
  const { plan, learned } = next.value;
  return { personalized: await applyLearned(base, learnedInMemory(plan, learned)), unetCalls };
}

/** Mean likeness of a guided image to the references. */
async function conceptScore(
  { base, instruments }: Workbench,
  references: EditJob['references'],
  signal: AbortSignal | undefined,
) {
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
    const image = await decodeLatents(base.model, latents, { signal });
    const [picture] = picturesFromArray(image, 'guided image');
    const ours = await embedPicture(first, clip, picture!);
    return theirs.reduce((sum, each) => sum + cosineSimilarity(ours, each), 0) / theirs.length;
  };
}
