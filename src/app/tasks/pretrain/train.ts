import { availableParallelism, cpus } from 'node:os';
import { type Device, randomKey, type TrainingState, warmupStableDecay } from '../../../engine/index.ts';
import { pocketNetworks, type StepRecipe, type Training } from '../../../pocket/training/index.ts';
import { drawLosses } from '../../charts/draw-losses.ts';
import type { TaskContext } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { foundationsOf, requireFoundations, trainingsBelow, unfinished } from './foundations.ts';
import { type PretrainParameters, recipes } from './parameters.ts';
import { sampleSheets } from './sample-sheets.ts';
import { startTraining, type TrainingEvents, type TrainingSetting } from './start-training.ts';
import {
  averagesIn,
  changedSettings,
  openTrainingFolder,
  stepsIn,
  type TrainingRecord,
} from './training-folder.ts';
import { continueLog, lastLoss, readLog, stepsOf, type TrainingLog } from './training-log.ts';

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
  if (parameters.steps !== undefined) yield* tellLowRate(recipe[training]);
  const begun = yield* begin(training, setting);
  try {
    const state = yield* makeSteps(begun, parameters, signal);
    return yield* conclude(begun, state);
  } finally {
    await begun.events.return(undefined as never);
  }
}

/** A training about to make its next step. */
interface BegunTraining {
  readonly training: Training;
  readonly setting: TrainingSetting;
  /** Steps that earlier runs made. */
  readonly done: number;
  readonly events: TrainingEvents;
  readonly log: TrainingLog;
}

/** Looks at what is in the folder, and records with which settings it goes on. */
async function* begin(
  training: Training,
  setting: TrainingSetting,
): AsyncGenerator<TaskEvent, BegunTraining> {
  const { folder, recipe, device } = setting;
  const resumeFrom = await folder.state(training);
  const done = resumeFrom === undefined ? 0 : stepsIn(resumeFrom);
  if (done > 0) yield { kind: 'note', message: `Going on from step ${done}` };
  yield { kind: 'stage', stage: 'Preparing' };
  await requireFoundations(folder, training);
  for (const message of await unfinished(folder, trainingsBelow(training))) {
    yield { kind: 'warning', message };
  }
  const earlier = done === 0 ? [] : yield* earlierSettings(training, setting, done);
  await folder.saveRecord(training, {
    recipe: { ...recipe[training] },
    seed: recipe.seed,
    ...(earlier.length > 0 && { earlier }),
    foundations: await foundationsOf(folder, training),
  });
  const start = resumeFrom === undefined ? await folder.given(training) : undefined;
  const run = { key: randomKey(recipe.seed), ...(resumeFrom && { resumeFrom }), ...(start && { start }) };
  const events = startTraining[training](setting, run);
  const log = await continueLog(folder, training, { step: done, machine: machine(device) });
  return { training, setting, done, events, log };
}

/** Those of the steps that are made; warns if they are others than those to come. */
async function* earlierSettings(
  training: Training,
  { folder, recipe }: TrainingSetting,
  done: number,
): AsyncGenerator<TaskEvent, NonNullable<TrainingRecord['earlier']>> {
  const before = await folder.record(training);
  if (before === undefined) return [];
  const runs = [...(before.earlier ?? []), { until: done, recipe: before.recipe }];
  if (runs.at(-2)?.until === done) runs.pop(); // a run that was stopped before its first save made none of the steps
  const now: Readonly<Record<string, number>> = { ...recipe[training] };
  const changed = changedSettings(runs.at(-1)!.recipe, now).filter((name) => name !== 'steps'); // which may be more or fewer
  if (before.seed !== undefined && before.seed !== recipe.seed) changed.push('seed');
  if (changed.length === 0) return runs.slice(0, -1);
  yield {
    kind: 'warning',
    message: `Going on with another ${changed.join(', ')} than up to step ${done}`,
  };
  return runs;
}

/** Steps, saves and sheets; the state at the end. */
async function* makeSteps(
  { training, setting, done, events, log }: BegunTraining,
  { saveMinutes, sheetSteps }: PretrainParameters,
  signal: AbortSignal | undefined,
): AsyncGenerator<TaskEvent, TrainingState> {
  const { folder, recipe } = setting;
  const total = recipe[training].steps;
  const progress = (step: number): TaskEvent => ({
    kind: 'progress',
    stage: `Training ${training}`,
    done: step,
    total,
    unit: 'steps',
  });
  yield progress(Math.min(done, total));
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
    const isDue = performance.now() - saved >= 60_000 * saveMinutes;
    if (stops || (isDue && !isLast)) {
      await folder.save(training, await event.save());
      saved = performance.now();
      yield { kind: 'note', message: `Step ${event.step}: saved, loss ${event.loss.toPrecision(4)}` };
    }
    signal?.throwIfAborted();
    if (!isLast && event.step % sheetSteps === 0) yield* writeSheet(training, setting, await event.save());
    began = performance.now();
  }
  const state = await next.value.save();
  await next.value.dispose();
  await folder.save(training, state);
  return state;
}

/** Tells of the state, and draws what it came to and how. */
async function* conclude(
  { training, setting }: BegunTraining,
  state: TrainingState,
): AsyncGenerator<TaskEvent, TrainingResult> {
  const { folder } = setting;
  const path = folder.statePath(training);
  yield { kind: 'file', path };
  yield* writeSheet(training, setting, state);
  const steps = stepsOf(await readLog(folder, training));
  if (steps.length > 0) {
    await folder.write(`${training}.losses.png`, await drawLosses(steps));
    yield { kind: 'file', path: folder.path(`${training}.losses.png`) };
  }
  return { stage: training, steps: stepsIn(state), loss: lastLoss(steps), state: path };
}

async function* writeSheet(
  training: Training,
  setting: TrainingSetting,
  state: TrainingState,
): AsyncGenerator<TaskEvent> {
  const name = `${training}.step-${String(stepsIn(state)).padStart(6, '0')}.png`;
  await setting.folder.write(name, await sampleSheets[training](setting, averagesIn(state)));
  yield { kind: 'file', path: setting.folder.path(name) };
}

/** Fewer steps than the rate needs to rise and fall never have all of it. */
function* tellLowRate(recipe: StepRecipe): Generator<TaskEvent> {
  const { steps, warmup, decay } = recipe;
  const shareAt = warmupStableDecay(1, recipe);
  const share = Math.max(...Array.from({ length: Math.min(steps, warmup) }, (_, step) => shareAt(step)));
  if (share === 1) return;
  yield {
    kind: 'warning',
    message: `In ${steps} steps the learning rate comes to ${Math.floor(100 * share)} % of the recipe's: it rises over ${warmup} and falls over the last ${decay}`,
  };
}

function withSteps(training: Training, { recipe, steps }: PretrainParameters) {
  const whole = recipes[recipe];
  return steps === undefined ? whole : { ...whole, [training]: { ...whole[training], steps } };
}

const machine = (device: Device): string =>
  `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${device.name}`;
