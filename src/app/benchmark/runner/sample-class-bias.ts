import { join } from 'node:path';
import { fold, randomKey, resultOf } from '../../../engine/index.ts';
import { type Picture, picturesFromArray, writePicture } from '../../../files/images/index.ts';
import { type PromptedModel, textToImage } from '../../../methods/diffusion/index.ts';
import { mean, measure } from '../../../methods/evaluation/index.ts';
import type { JobContext, JobProgress, JobResult } from '../harness/job.ts';
import type { ClassBiasJob } from '../plan/benchmark-jobs.ts';
import type { ConceptShelf } from './concept-shelf.ts';
import type { ReferencePictures } from './measure-edit.ts';
import type { Workbench } from './workbench.ts';

/** The class word before and after personalization, and the concept itself, from the same noises. */
export interface ClassBiasRecord {
  readonly rows: readonly {
    readonly name: ClassBiasRow;
    readonly prompt: string;
    /** In the result's folder. */
    readonly files: readonly string[];
    /** CLIP-I to the references, a mean; undefined without CLIP. */
    readonly conceptSimilarity: number | undefined;
  }[];
}

export type ClassBiasRow = 'class before' | 'class after' | 'concept';

export async function* sampleClassBias(
  bench: Workbench,
  shelf: ConceptShelf,
  references: ReferencePictures,
  job: ClassBiasJob,
  context: JobContext,
): AsyncGenerator<JobProgress, JobResult & ClassBiasRecord, undefined> {
  const { personalized } = await shelf.take(context.resultOf(job.learn));
  const [classPrompt, conceptPrompt] = [`a photo of a ${job.classWord}`, `a photo of a ${job.phrase}`];
  const asked: readonly (readonly [ClassBiasRow, PromptedModel, string])[] = [
    ['class before', bench.base, classPrompt],
    ['class after', personalized, classPrompt],
    ['concept', personalized, conceptPrompt],
  ];
  const total = asked.length * job.settings.pictures;
  const rows: {
    -readonly [K in keyof ClassBiasRecord['rows'][number]]: ClassBiasRecord['rows'][number][K];
  }[] = [];
  let done = 0;
  for (const [name, model, prompt] of asked) {
    const files: string[] = [];
    const figures: number[] = [];
    for (let index = 0; index < job.settings.pictures; index++) {
      const picture = await samplePicture(bench, model, prompt, job, index, context.signal);
      const file = `${name.replace(' ', '-')}-${index}.png`;
      await writePicture(join(context.folder, file), picture);
      files.push(file);
      const figure = await similarity(bench, references, job, picture);
      if (figure !== undefined) figures.push(figure);
      yield { stage: 'sampling', done: ++done, total };
    }
    rows.push({ name, prompt, files, conceptSimilarity: figures.length === 0 ? undefined : mean(figures) });
  }
  return { rows };
}

async function samplePicture(
  { base, side }: Workbench,
  { model, tokenizer }: PromptedModel,
  prompt: string,
  { settings, seed }: ClassBiasJob,
  index: number,
  signal: AbortSignal | undefined,
): Promise<Picture> {
  const { steps, guidanceScale } = settings;
  const sampling = textToImage(model, {
    tokenizer,
    prompt,
    steps,
    guidanceScale,
    scheduler: base.scheduler,
    height: side,
    width: side,
    key: fold(fold(randomKey(seed), 'class bias'), index),
    ...(signal && { signal }),
  });
  const { images } = await resultOf(sampling);
  return picturesFromArray(images, `a picture of "${prompt}"`)[0]!;
}

async function similarity(
  { instruments }: Workbench,
  references: ReferencePictures,
  job: ClassBiasJob,
  edited: Picture,
): Promise<number | undefined> {
  const first = instruments[0]?.instruments;
  if (first?.networks.clip === undefined) return undefined;
  return measure('clip-i', { edited, references: await references.read(job.references) }, first);
}
