import { join } from 'node:path';
import { Owner } from '../../../engine/index.ts';
import { readTrainingState, writeConcept, writeTrainingState } from '../../../files/checkpoints/index.ts';
import { readPicture } from '../../../files/images/index.ts';
import { conceptCard, conceptOfLearned, personalize } from '../../../methods/personalization/index.ts';
import { isThere } from '../../models/is-there.ts';
import type { JobContext, JobProgress, JobResult } from '../harness/job.ts';
import type { LearnJob } from '../plan/benchmark-jobs.ts';
import type { Workbench } from './workbench.ts';

/** The concept's folder in the result. */
export const CONCEPT = 'concept';

/** A killed training loses no more steps than these. */
const CHECKPOINT_EVERY = 100;

/** What a concept's result tells beside its folder. */
export interface LearnRecord {
  readonly loss: number | undefined;
  /** Of a training that was broken off, since it went on. */
  readonly seconds: number;
}

/** Learns a concept from its pictures; the result is a folder that `generate --concept` and `edit` open too. */
export async function* learnConcept(
  bench: Workbench,
  { definition, references, training, generation, seed }: LearnJob,
  { folder, scratch, signal }: JobContext,
): AsyncGenerator<JobProgress, JobResult & LearnRecord, undefined> {
  const stateFile = join(scratch, 'state.safetensors');
  const resumeFrom = (await isThere(stateFile)) ? await readTrainingState(stateFile) : undefined;
  const began = performance.now();
  const pictures = await Promise.all(references.map(({ picture }) => readPicture(picture, { onto: WHITE })));
  const learning = personalize(bench.base, {
    concept: definition,
    references: pictures.map((picture) => ({ picture })),
    training,
    seed,
    ...(generation && { generation }),
    checkpointEvery: CHECKPOINT_EVERY,
    ...(resumeFrom && { resumeFrom }),
    ...(signal && { signal }),
  });
  await using owner = new Owner();
  owner.defer(() => learning.return(undefined as never));
  let loss: number | undefined;
  let next = await learning.next();
  for (; !next.done; next = await learning.next()) {
    const event = next.value;
    if (event.kind === 'checkpoint') await writeTrainingState(stateFile, event.state);
    if (event.kind === 'class-picture') {
      yield { stage: 'class pictures', done: event.index + 1, total: event.of };
    }
    if (event.kind === 'step') {
      loss = event.loss;
      yield { stage: 'learning', done: event.step, total: training.steps };
    }
  }
  const card = conceptCard({
    concept: definition,
    training,
    seed,
    base: { name: bench.title, hash: bench.baseHash },
  });
  const concept = conceptOfLearned(definition, next.value.learned);
  await writeConcept(join(folder, CONCEPT), card, concept, { base: bench.checkpoint });
  return { loss, seconds: (performance.now() - began) / 1000 };
}

/** What transparency is seen on. */
export const WHITE = [255, 255, 255] as const;
