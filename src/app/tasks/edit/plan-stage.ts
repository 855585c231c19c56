import { fold, type NdArray, type Tree } from '../../../engine/index.ts';
import { encodeImage, type Latents } from '../../../methods/diffusion/index.ts';
import { type EditPlan, modelInput, type Plane } from '../../../methods/editing/index.ts';
import { windowOf } from '../../../methods/editing/picture/crop-pixels.ts';
import { type PlanOptions, planEdit } from '../../../methods/editing/picture/plan-edit.ts';
import type { PlainData } from '../../runs/content-hash.ts';
import type { UnfinishedRun } from '../../runs/unfinished-run.ts';
import type { TaskEvent } from '../task-event.ts';
import type { EditSession } from './edit-session.ts';
import { type VariantName, variants } from './edit-variants.ts';

export interface PlannedEdits {
  /** Of the variants that change the subject alone, and what is steered by. */
  readonly main: EditPlan;
  readonly ofVariant: (name: VariantName) => EditPlan;
  /** ẑ, [1, channels, cells, cells]. */
  readonly source: Latents;
  readonly unetCalls: number;
}

/** Finds the subject, and decides crop and masks: all variants see the same crop, so that they can be compared. */
export async function* planStage(session: EditSession): AsyncGenerator<TaskEvent, PlannedEdits> {
  const { run, mask, picture, base, side, watch, recipe, signal } = session;
  watch.start('looking');
  const someMasked = recipe.variants.some((name) => variants[name].mask === 'subject');
  const asked = someMasked ? mask : ({ kind: 'none' } as const);
  const kept = await readPlan(run);
  const { plan: main, calls } = kept ? { plan: kept, calls: 0 } : yield* decide(session, asked, undefined);
  if (kept === undefined) await writePlan(run, main);
  if (main.subject !== undefined) {
    yield { kind: 'note', message: `The subject is "${main.subject.word.word}" (${cropText(main)})` };
  }
  const isWhole = asked.kind === 'none';
  const everything = isWhole ? main : (yield* decide(session, { kind: 'none' }, main)).plan;
  const seen = modelInput(picture, windowOf(main.crop), [side, side]);
  return {
    main,
    ofVariant: (name) => (variants[name].mask === 'subject' ? main : everything),
    source: await encodeImage(base.model, seen, signal),
    unetCalls: calls,
  };
}

async function* decide(
  { parameters, base, tokenizer, picture, key, side, signal }: EditSession,
  mask: PlanOptions['mask'],
  like: EditPlan | undefined,
): AsyncGenerator<TaskEvent, { readonly plan: EditPlan; readonly calls: number }> {
  const stage = 'Looking for the subject';
  const planning = planEdit({
    models: { pretrained: base, personalized: { tokenizer } },
    picture,
    prompts: { source: parameters.sourcePrompt, target: parameters.prompt },
    schedule: base.scheduler.schedule,
    mask,
    crop: like
      ? { kind: 'given', crop: like.crop }
      : { kind: 'around the subject', context: parameters.context },
    side,
    key: fold(key, 'look'),
    signal,
  });
  if (mask.kind === 'automatic') yield { kind: 'stage', stage };
  let calls = 0;
  let next = await planning.next();
  for (; !next.done; next = await planning.next()) {
    calls++;
    const { step, count, at } = next.value;
    yield { kind: 'progress', stage: `${stage} (${at})`, done: step + 1, total: count, unit: 'steps' };
  }
  return { plan: next.value.plan, calls };
}

const cropText = ({ crop: { top, left, side } }: EditPlan): string =>
  `seen in ${side} x ${side} pixels from row ${top}, column ${left}`;

const [arraysName, dataName] = ['plan.safetensors', 'plan.json'];

async function writePlan(run: UnfinishedRun, { mask, latentMask, subject, crop }: EditPlan): Promise<void> {
  const arrays = {
    mask,
    ...(latentMask && { latentMask }),
    ...(subject && { map: subject.map, region: subject.region }),
  };
  const data = {
    crop: { ...crop },
    subject: subject && { word: { ...subject.word }, threshold: subject.threshold },
  };
  await run.writeArrays(arraysName, arrays as unknown as Tree<NdArray>);
  await run.writeData(dataName, data as unknown as PlainData); // the last: with it the plan is whole
}

async function readPlan(run: UnfinishedRun): Promise<EditPlan | undefined> {
  const data = (await run.readData(dataName)) as unknown as
    | {
        readonly crop: EditPlan['crop'];
        readonly subject?: Omit<NonNullable<EditPlan['subject']>, 'map' | 'region'>;
      }
    | undefined;
  if (data === undefined) return undefined;
  const { mask, latentMask, map, region } = (await run.readArrays(arraysName)) as unknown as {
    readonly [name in 'mask' | 'latentMask' | 'map' | 'region']: Plane;
  };
  const { crop, subject } = data;
  return {
    crop,
    mask,
    latentMask,
    subject: subject && { word: subject.word, threshold: subject.threshold, map, region },
  };
}
