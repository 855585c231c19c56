import { join } from 'node:path';
import { fold, forwardEvents, Owner, type RandomKey, randomKey } from '../../../engine/index.ts';
import { writeSafetensors } from '../../../files/formats/index.ts';
import { type Picture, readPicture, writePicture } from '../../../files/images/index.ts';
import { decodeLatents, encodeImage, releaseModel, weightedSum } from '../../../methods/diffusion/index.ts';
import {
  composite,
  type EditModels,
  type EditPlan,
  editImage,
  type MaskOptions,
  maskOfPicture,
  modelInput,
  type Plane,
} from '../../../methods/editing/index.ts';
import { windowOf } from '../../../methods/editing/picture/crop-pixels.ts';
import { maskOfRegion } from '../../../methods/editing/picture/edit-mask.ts';
import { planEdit } from '../../../methods/editing/picture/plan-edit.ts';
import { wholeCrop } from '../../../methods/editing/picture/square-crop.ts';
import type { SteeringSettings } from '../../../methods/steering/index.ts';
import { pixelsPerCell } from '../../../networks/vae/index.ts';
import type { JobContext, JobProgress, JobResult } from '../harness/job.ts';
import type { EditJob } from '../plan/benchmark-jobs.ts';
import type { ConceptShelf } from './concept-shelf.ts';
import { pictureOfMask, readMask } from './masks.ts';
import { type SteeredModel, steerToSource } from './steer-to-source.ts';
import type { Workbench } from './workbench.ts';

/** What an edit's result tells beside its pictures. */
export interface EditRecord {
  readonly pictures: readonly RecordedPicture[];
  /** `mask.png` is where it may change the picture, `region.png` where it found the subject, if it looked for one. */
  readonly mask: 'none' | 'automatic' | 'true';
  readonly cost: EditCost;
}

export interface RecordedPicture {
  readonly step: number;
  /** In the result's folder. */
  readonly file: string;
  /** Of editing until then, without looking, steering and decoding. */
  readonly seconds: number;
  /** Root mean square of z − ẑ. */
  readonly change: number;
}

/** Runs of UNets, each by itself or as a batch, and seconds. */
export interface EditCost {
  readonly unetCalls: { readonly looking: number; readonly steering: number; readonly editing: number };
  readonly seconds: { readonly looking: number; readonly steering: number; readonly editing: number };
}

/** z − ẑ after the last step, [1, channels, height, width], in a file of the result. */
export const DIRECTION = 'direction.safetensors';
const MASK = 'mask.png';
/** The region that was found, before its edge was grown and softened. */
export const REGION = 'region.png';

/** Edits one picture as a cell asks for: plan, steering if any, edit, pictures at its steps. */
export async function* editCell(
  bench: Workbench,
  shelf: ConceptShelf,
  job: EditJob,
  { folder, resultOf, signal }: JobContext,
): AsyncGenerator<JobProgress, JobResult & EditRecord, undefined> {
  let steered: SteeredModel | undefined;
  try {
    const picture = await readPicture(job.picture);
    const shelved = await shelf.take(resultOf(job.learn));
    const key = fold(randomKey(job.seed), 'edit');
    const models = { pretrained: bench.base, personalized: shelved.personalized };
    const watch = stopwatch();
    const { plan, calls: looking } = yield* planCell(bench, models, job, { picture, key, signal });
    const lookingSeconds = watch.lap();
    if (job.steering !== 'none') {
      const seen = modelInput(picture, windowOf(plan.crop), [bench.side, bench.side]);
      const source = await encodeImage(bench.base.model, seen, signal);
      const asked = { ...job, steering: job.steering as SteeringSettings };
      steered = yield* steerToSource(bench, shelved, asked, { source, mask: plan.latentMask, signal });
    }
    const steeringSeconds = watch.lap();
    const personalized = steered?.personalized ?? shelved.personalized;
    const edited = yield* editAndRecord(bench, { ...models, personalized }, job, {
      picture,
      plan,
      key,
      folder,
      signal,
    });
    if (job.mask.kind !== 'none') await writeMasks(folder, picture, plan);
    return {
      pictures: edited.pictures,
      mask: job.mask.kind,
      cost: {
        unetCalls: { looking, steering: steered?.unetCalls ?? 0, editing: edited.unetCalls },
        seconds: {
          looking: lookingSeconds,
          steering: steeringSeconds,
          editing: edited.pictures.at(-1)?.seconds ?? 0,
        },
      },
    };
  } finally {
    if (steered !== undefined) await releaseModel(steered.personalized.model);
  }
}

interface Given {
  readonly picture: Picture;
  readonly key: RandomKey;
  readonly signal: AbortSignal | undefined;
}

/** All variants of a case look with the same noises, so that those with a mask have the same one. */
async function* planCell(
  { base, side }: Workbench,
  models: EditModels,
  job: EditJob,
  { picture, key, signal }: Given,
): AsyncGenerator<JobProgress, { readonly plan: EditPlan; readonly calls: number }, undefined> {
  const planning = planEdit({
    models,
    picture,
    prompts: { source: job.prompt, target: job.targetPrompt },
    schedule: base.scheduler.schedule,
    mask: await maskOptions(job, cellOf(picture, base, side)),
    crop: { kind: 'whole' },
    side,
    key: fold(key, 'look'),
    signal,
  });
  let calls = 0;
  const { plan } = yield* forwardEvents(planning, ({ step, count }): JobProgress => {
    calls++;
    return { stage: 'looking', done: step + 1, total: count };
  });
  return { plan, calls };
}

/** The true mask has the edge that a found region gets, so that the two differ in where the subject is and no more. */
const maskOptions = async ({ mask }: EditJob, cell: number): Promise<MaskOptions> =>
  mask.kind === 'true'
    ? { kind: 'given', mask: await readMask(mask.path), grow: cell, feather: cell }
    : { kind: mask.kind };

/** Side of a latent cell in pixels of a picture that the model sees whole. */
const cellOf = (picture: Picture, { model }: Workbench['base'], side: number): number =>
  (wholeCrop(picture).side * pixelsPerCell(model.vae.config)) / side;

async function writeMasks(
  folder: string,
  picture: Picture,
  { crop, mask, subject }: EditPlan,
): Promise<void> {
  const write = (name: string, plane: Plane) =>
    writePicture(join(folder, name), pictureOfMask(maskOfPicture(picture, crop, plane)));
  await write(MASK, mask);
  if (subject === undefined) return;
  await write(REGION, maskOfRegion(picture, crop, subject.region, { grow: 0, feather: 0 }));
}

async function* editAndRecord(
  { base, side }: Workbench,
  models: EditModels,
  job: EditJob,
  { picture, plan, key, folder, signal }: Given & { readonly plan: EditPlan; readonly folder: string },
): AsyncGenerator<
  JobProgress,
  { readonly pictures: readonly RecordedPicture[]; readonly unetCalls: number },
  undefined
> {
  const { recordedSteps, ...settings } = job.settings;
  const steps = Math.max(...recordedSteps);
  const editing = editImage({
    ...settings,
    models,
    picture,
    steps,
    schedule: base.scheduler.schedule,
    side,
    key,
    sourcePrompt: job.prompt,
    prompt: job.targetPrompt,
    variant: job.variant,
    // The plan is made already; resuming from it begins at the first step.
    resume: { plan },
    ...(signal && { signal }),
  });
  await using owner = new Owner();
  owner.defer(() => editing.return(undefined as never));
  const pictures: RecordedPicture[] = [];
  const watch = stopwatch();
  let seconds = 0;
  let next = await editing.next();
  for (; !next.done; next = await editing.next()) {
    const event = next.value;
    if (event.kind !== 'step') continue;
    seconds += watch.lap();
    const step = event.step + 1;
    if (recordedSteps.includes(step)) {
      const image = await decodeLatents(base.model, event.latents, { signal });
      const file = `step-${String(step).padStart(4, '0')}.png`;
      const { changes: _, ...made } = composite(picture, { image, crop: plan.crop, mask: plan.mask });
      await writePicture(join(folder, file), { ...made, changes: [] });
      pictures.push({ step, file, seconds, change: event.change });
      watch.lap();
    }
    yield { stage: 'editing', done: step, total: steps };
  }
  const { latents, source, unetCalls } = next.value;
  await writeSafetensors(join(folder, DIRECTION), [['direction', weightedSum([1, latents], [-1, source])]]);
  return { pictures, unetCalls: unetCalls.editing };
}

/** Seconds since the last lap. */
function stopwatch(): { lap(): number } {
  let last = performance.now();
  return {
    lap() {
      const now = performance.now();
      const seconds = (now - last) / 1000;
      last = now;
      return seconds;
    },
  };
}
