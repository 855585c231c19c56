import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Device, fold, randomKey } from '../../../engine/index.ts';
import { openClip, openDiffusersFolder, readTokenizer } from '../../../files/checkpoints/index.ts';
import { replaceFile } from '../../../files/formats/index.ts';
import {
  holdModel,
  parseSchedulerConfig,
  readScheduler,
  releaseModel,
} from '../../../methods/diffusion/index.ts';
import { holdClip, Instruments, releaseClip } from '../../../methods/evaluation/index.ts';
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
import { trainings } from '../../../pocket/training/index.ts';
import { drawLosses } from '../../charts/draw-losses.ts';
import { isThere } from '../../models/is-there.ts';
import type { TaskContext } from '../task.ts';
import type { ProgressUnit, TaskEvent } from '../task-event.ts';
import { sizeOfFolder } from './assemble.ts';
import { type CardData, cardPicture, logged, writeCard } from './model-card.ts';
import { type PretrainParameters, recipes } from './parameters.ts';
import {
  generatedSheet,
  reconstructionSheet,
  sheetPrompts,
  similaritySheet,
  usualSampling,
} from './sample-sheets.ts';
import { openTrainingFolder } from './training-folder.ts';
import { readLog, stepsOf } from './training-log.ts';

export interface QualityReport {
  readonly stage: 'report';
  readonly figures: readonly QualityFigure[];
  readonly card: string;
}

/** Judges the assembled model as `generate` uses it, and writes its card. */
export async function* report(
  parameters: PretrainParameters,
  path: string,
  device: Device,
  { signal }: TaskContext,
): AsyncGenerator<TaskEvent, QualityReport> {
  const { steps, guidanceScale } = usualSampling;
  yield { kind: 'stage', stage: 'Loading the model' };
  const opened = await openDiffusersFolder(path);
  const openedClip = await openClip(path);
  const tokenizer = await readTokenizer(path, opened.tokenizerFiles);
  const scheduler = readScheduler(parseSchedulerConfig(opened.schedulerConfig));
  const model = await holdModel(device, opened);
  const clip = await holdClip(device, openedClip);
  await Promise.all([opened.close(), openedClip.close()]);
  const editModel = { model, tokenizer };
  const [scenes, prompts] = [{ count: parameters.scenes }, { count: parameters.prompts }];
  const few = { count: Math.min(parameters.scenes, 8) }; // 200 steps each
  const shared = { ...(signal && { signal }) };
  const key = randomKey(recipes[parameters.recipe].seed);
  const quality: PocketQuality = {
    autoencoder: yield* told('Judging the autoencoder', judgeAutoencoder(model, { ...scenes, ...shared })),
    decoder: yield* told(
      'Seeking latents',
      judgeDecoder(model, { ...few, ...shared, recipe: recipes[parameters.recipe].decoder }),
    ),
    clip: yield* told('Judging the CLIP', judgeClip(device, clip, { ...scenes, ...shared })),
    denoising: yield* told(
      'Judging the UNet',
      judgeDenoising(editModel, {
        ...scenes,
        ...shared,
        schedule: scheduler.schedule,
        key: fold(key, 'denoising'),
      }),
    ),
    generated: yield* told(
      'Judging generated pictures',
      judgeGenerated(editModel, clip, {
        ...prompts,
        ...shared,
        scheduler,
        steps,
        guidanceScale,
        key: fold(key, 'generated'),
      }),
    ),
    attention: yield* told(
      'Judging attention',
      judgeAttention(editModel, {
        ...scenes,
        ...shared,
        schedule: scheduler.schedule,
        key: fold(key, 'attention'),
      }),
    ),
  };
  const figures = qualityFigures(quality);

  yield { kind: 'stage', stage: 'Writing the model card' };
  const instruments = new Instruments(device);
  const pictures = new Map<string, Uint8Array>([
    ['generated', await generatedSheet(editModel, scheduler)],
    ['reconstructions', await reconstructionSheet(model)],
    ['similarities', await similaritySheet(instruments, clip)],
  ]);
  await instruments.dispose();
  await releaseModel(model);
  await releaseClip(clip);
  const logs = await readLogs(parameters.out);
  for (const [training, lines] of logged(logs)) {
    pictures.set(`losses-${training}`, await drawLosses(stepsOf(lines)));
  }
  for (const [name, bytes] of pictures) await write(join(path, cardPicture(name)), bytes);
  const card = join(path, 'README.md');
  const written = writeCard((await isThere(card)) ? await readFile(card, 'utf8') : undefined, {
    figures,
    logs,
    recipe: recipes[parameters.recipe],
    scalingFactor: model.vae.config.scalingFactor,
    sampling: `${scheduler.sampler.name}, ${steps} steps, guidance ${guidanceScale}`,
    prompts: sheetPrompts,
    bytes: await sizeOfFolder(path),
  });
  await write(card, Buffer.from(written));
  yield { kind: 'file', path: card };
  return { stage: 'report', figures, card };
}

/** A judgement's events as a task's. */
async function* told<Result>(
  stage: string,
  judging: AsyncGenerator<JudgingEvent, Result>,
): AsyncGenerator<TaskEvent, Result> {
  const unit: ProgressUnit = 'pictures';
  yield { kind: 'stage', stage };
  let next = await judging.next();
  for (; !next.done; next = await judging.next()) {
    yield { kind: 'progress', stage, done: next.value.done, total: next.value.count, unit };
  }
  return next.value;
}

async function readLogs(out: string): Promise<CardData['logs']> {
  if (!(await isThere(out))) return new Map();
  const folder = await openTrainingFolder(out);
  const logs = await Promise.all(trainings.map((training) => readLog(folder, training)));
  return new Map(trainings.map((training, index) => [training, logs[index]!]));
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, (put) => put(bytes));
}
