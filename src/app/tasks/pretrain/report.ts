import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Device, fold, Owner, randomKey } from '../../../engine/index.ts';
import { openClip, openDiffusersFolder, readTokenizer } from '../../../files/checkpoints/index.ts';
import { replaceFile } from '../../../files/formats/index.ts';
import {
  holdModel,
  type PromptedModel,
  parseSchedulerConfig,
  readScheduler,
  releaseModel,
  type Scheduler,
} from '../../../methods/diffusion/index.ts';
import { type HeldClip, holdClip, releaseClip } from '../../../methods/evaluation/index.ts';
import {
  type JudgingEvent,
  judgeAttention,
  judgeAutoencoder,
  judgeClip,
  judgeDecoder,
  judgeDenoising,
  judgeGenerated,
  type PocketQuality,
  type QualityFigure,
  qualityFigures,
} from '../../../pocket/judging/index.ts';
import { type Training, trainings } from '../../../pocket/training/index.ts';
import { drawLosses } from '../../charts/draw-losses.ts';
import { isThere } from '../../models/is-there.ts';
import { usualSampling } from '../../models/usual-sampling.ts';
import type { TaskContext } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { sizeOfFolder } from './assemble.ts';
import { cardPicture, type LoggedTraining, writeCard } from './model-card.ts';
import { type PretrainParameters, recipes } from './parameters.ts';
import { progressOf } from './progress-of.ts';
import {
  generatedSheet,
  reconstructionSheet,
  sheetPrompts,
  sheetSampling,
  similaritySheet,
} from './sample-sheets.ts';
import { openTrainingFolder } from './training-folder.ts';
import { readLog, stepsOf } from './training-log.ts';

export interface QualityReport {
  readonly stage: 'report';
  readonly figures: readonly QualityFigure[];
  /** Where the model card was written; undefined if it was left as it is. */
  readonly card: string | undefined;
}

/** Judges the assembled model as `generate` uses it, and writes its card if the model was named. */
export async function* report(
  parameters: PretrainParameters,
  path: string,
  device: Device,
  { signal }: TaskContext,
): AsyncGenerator<TaskEvent, QualityReport> {
  yield { kind: 'stage', stage: 'Loading the model' };
  const opened = await openJudged(path, device);
  try {
    const figures = qualityFigures(yield* judge(opened, parameters, signal));
    if (parameters.model === undefined) return { stage: 'report', figures, card: undefined };
    yield { kind: 'stage', stage: 'Writing the model card' };
    const card = await writeCardAndPictures(opened, figures, parameters);
    yield { kind: 'file', path: card };
    return { stage: 'report', figures, card };
  } finally {
    await opened.close();
  }
}

/** An assembled model, open. */
interface JudgedModel {
  readonly path: string;
  readonly prompted: PromptedModel;
  readonly clip: HeldClip;
  readonly scheduler: Scheduler;
  close(): Promise<void>;
}

async function openJudged(path: string, device: Device): Promise<JudgedModel> {
  await using files = new Owner();
  const opened = await openDiffusersFolder(path);
  files.defer(opened.close);
  const openedClip = await openClip(path);
  files.defer(openedClip.close);
  const tokenizer = await readTokenizer(path, opened.tokenizerFiles);
  await using owner = new Owner();
  const model = owner.adopt(await holdModel(device, opened), releaseModel);
  const clip = owner.adopt(await holdClip(device, openedClip), releaseClip);
  return {
    path,
    prompted: { model, tokenizer },
    clip,
    scheduler: readScheduler(parseSchedulerConfig(opened.schedulerConfig), usualSampling.pocket.sampler),
    close: owner.move().dispose,
  };
}

async function* judge(
  { prompted, clip, scheduler }: JudgedModel,
  parameters: PretrainParameters,
  signal: AbortSignal | undefined,
): AsyncGenerator<TaskEvent, PocketQuality> {
  const { model } = prompted;
  const { seed, reconstruction } = recipes[parameters.recipe];
  const key = randomKey(seed);
  const shared = { count: parameters.scenes, ...(signal && { signal }) };
  const noising = { ...shared, schedule: scheduler.schedule };
  const few = Math.min(parameters.scenes, 8); // 200 steps each
  return {
    autoencoder: yield* stage('Judging the autoencoder', judgeAutoencoder(model, shared)),
    decoder: yield* stage(
      'Seeking latents',
      judgeDecoder(model, { ...shared, count: few, recipe: reconstruction }),
    ),
    clip: yield* stage('Judging the CLIP', judgeClip(model.device, clip, shared)),
    denoising: yield* stage(
      'Judging the UNet',
      judgeDenoising(prompted, { ...noising, key: fold(key, 'denoising') }),
    ),
    generated: yield* stage(
      'Judging generated pictures',
      judgeGenerated(prompted, clip, {
        ...shared,
        ...sheetSampling,
        count: parameters.prompts,
        scheduler,
        key: fold(key, 'generated'),
      }),
    ),
    attention: yield* stage(
      'Judging attention',
      judgeAttention(prompted, { ...noising, key: fold(key, 'attention') }),
    ),
  };
}

async function* stage<Result>(
  name: string,
  judging: AsyncGenerator<JudgingEvent, Result>,
): AsyncGenerator<TaskEvent, Result> {
  yield { kind: 'stage', stage: name };
  return yield* progressOf(name, judging);
}

/** @returns where the card lies */
async function writeCardAndPictures(
  { path, prompted, clip, scheduler }: JudgedModel,
  figures: readonly QualityFigure[],
  { out, recipe }: PretrainParameters,
): Promise<string> {
  const trainings = await readTrainings(out);
  const pictures = new Map<string, Uint8Array>([
    ['generated', await generatedSheet(prompted, scheduler)],
    ['reconstructions', await reconstructionSheet(prompted.model)],
    ['similarities', await similaritySheet(prompted.model.device, clip)],
  ]);
  for (const [training, { lines }] of trainings) {
    pictures.set(`losses-${training}`, await drawLosses(stepsOf(lines)));
  }
  for (const [name, bytes] of pictures) await write(join(path, cardPicture(name)), bytes);
  const card = join(path, 'README.md');
  const { steps, guidanceScale } = sheetSampling;
  const written = writeCard((await isThere(card)) ? await readFile(card, 'utf8') : undefined, {
    figures,
    trainings,
    recipe: recipes[recipe],
    scalingFactor: prompted.model.vae.config.scalingFactor,
    sampling: `${scheduler.sampler.name}, ${steps} steps, guidance ${guidanceScale}`,
    prompts: sheetPrompts(),
    bytes: await sizeOfFolder(path),
  });
  await write(card, Buffer.from(written));
  return card;
}

/** The trainings in a folder that have made steps. */
async function readTrainings(out: string): Promise<Map<Training, LoggedTraining>> {
  const found = new Map<Training, LoggedTraining>();
  if (!(await isThere(out))) return found;
  const folder = await openTrainingFolder(out);
  for (const training of trainings) {
    const lines = await readLog(folder, training);
    if (stepsOf(lines).length > 0) found.set(training, { lines, record: await folder.record(training) });
  }
  return found;
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, (put) => put(bytes));
}
