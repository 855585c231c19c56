import { availableParallelism, cpus } from 'node:os';
import { type Device, randomKey, type TrainingState } from '../../../engine/index.ts';
import { pocketNetworks, type Training } from '../../../pocket/training/index.ts';
import { drawLosses } from '../../charts/draw-losses.ts';
import type { TaskContext } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { foundationsOf, requireFoundations, unfinishedBelow } from './foundations.ts';
import { type PretrainParameters, recipes } from './parameters.ts';
import { sampleSheets } from './sample-sheets.ts';
import { startTraining, type TrainingSetting } from './start-training.ts';
import { averagesIn, openTrainingFolder, stepsIn } from './training-folder.ts';
import { continueLog, lastLoss, readLog, stepsOf } from './training-log.ts';

export interface TrainingResult {
  readonly stage: Training;
  /** Made in all, by earlier runs too. */
  readonly steps: number;
  /** Mean of the last steps; undefined if no log tells. */
  readonly loss: number | undefined;
  readonly state: string;
}

/**
 * Trains to the end, from the state in the folder if there is one: on the CPU as if it had never stopped. An abort
 * saves what there is.
 * @throws TaskError if a training that this one builds on is missing, or has changed since it began
 */
export async function* train(
  training: Training,
  parameters: PretrainParameters,
  device: Device,
  { signal }: TaskContext,
): AsyncGenerator<TaskEvent, TrainingResult> {
  const folder = await openTrainingFolder(parameters.out, parameters.start);
  const recipe = withSteps(training, parameters);
  const setting: TrainingSetting = { device, recipe, networks: pocketNetworks(recipe.configs), folder };
  const resumeFrom = await folder.state(training);
  const done = resumeFrom === undefined ? 0 : stepsIn(resumeFrom);
  if (done > 0) yield { kind: 'note', message: `Going on from step ${done}` };
  yield { kind: 'stage', stage: 'Preparing' };
  await requireFoundations(folder, training);
  for (const { training: below, done, steps } of await unfinishedBelow(folder, training)) {
    yield { kind: 'warning', message: `The training "${below}" has made ${done} of its ${steps} steps` };
  }
  await folder.saveRecord(training, {
    recipe: { ...recipe[training] },
    foundations: await foundationsOf(folder, training),
  });
  const start = resumeFrom === undefined ? await folder.given(training) : undefined;
  const run = { key: randomKey(recipe.seed), ...(resumeFrom && { resumeFrom }), ...(start && { start }) };
  const events = startTraining[training](setting, run);
  const log = await continueLog(folder, training, { step: done, machine: machine(device) });
  const total = recipe[training].steps;
  const progress = (step: number): TaskEvent => ({
    kind: 'progress',
    stage: `Training ${training}`,
    done: step,
    total,
    unit: 'steps',
  });

  async function* sheetAt(state: TrainingState): AsyncGenerator<TaskEvent> {
    const step = String(stepsIn(state)).padStart(6, '0');
    const name = `${training}.step-${step}.png`;
    await folder.write(name, await sampleSheets[training](setting, averagesIn(state)));
    yield { kind: 'file', path: folder.path(name) };
  }

  yield progress(Math.min(done, total));
  try {
    let saved = performance.now();
    let began = performance.now();
    let next = await events.next();
    for (; !next.done; next = await events.next()) {
      const event = next.value;
      if (event.kind === 'encoded') {
        const { done, count } = event;
        yield { kind: 'progress', stage: 'Encoding scenes', done, total: count, unit: 'pictures' };
        signal?.throwIfAborted();
        began = performance.now();
        continue;
      }
      await log.append(event, (performance.now() - began) / 1000);
      yield progress(event.step);
      const stops = signal?.aborted === true;
      const isLast = event.step === total;
      const isDue = performance.now() - saved >= 60_000 * parameters.saveMinutes;
      if (stops || (isDue && !isLast)) {
        await folder.save(training, await event.save());
        saved = performance.now();
        yield { kind: 'note', message: `Step ${event.step}: saved, loss ${event.loss.toPrecision(4)}` };
      }
      signal?.throwIfAborted();
      if (!isLast && event.step % parameters.sheetSteps === 0) yield* sheetAt(await event.save());
      began = performance.now();
    }
    const state = await next.value.save();
    await next.value.dispose();
    await folder.save(training, state);
    yield { kind: 'file', path: folder.path(`${training}.state.safetensors`) };
    yield* sheetAt(state);
    const steps = stepsOf(await readLog(folder, training));
    if (steps.length > 0) {
      await folder.write(`${training}.losses.png`, await drawLosses(steps));
      yield { kind: 'file', path: folder.path(`${training}.losses.png`) };
    }
    return {
      stage: training,
      steps: stepsIn(state),
      loss: lastLoss(steps),
      state: folder.path(`${training}.state.safetensors`),
    };
  } finally {
    await events.return(undefined as never);
  }
}

function withSteps(training: Training, { recipe, steps }: PretrainParameters) {
  const whole = recipes[recipe];
  return steps === undefined ? whole : { ...whole, [training]: { ...whole[training], steps } };
}

const machine = (device: Device): string =>
  `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${device.name}`;
