import { type NdArray, ndArray, type Tree } from '../../../engine/index.ts';
import { encodePicture, type Picture, picturesFromArray } from '../../../files/images/index.ts';
import type { PromptedModel } from '../../../methods/diffusion/index.ts';
import {
  type EditedImage,
  type EditImageEvent,
  type EditState,
  editImage,
} from '../../../methods/editing/index.ts';
import type { UnfinishedRun } from '../../runs/unfinished-run.ts';
import type { TaskEvent } from '../task-event.ts';
import type { EditSession } from './edit-session.ts';
import { type VariantName, variants } from './edit-variants.ts';
import type { PlannedEdits } from './plan-stage.ts';

export type VariantEdit = EditedImage<Picture>;

/** Edits the photo in one way, from where an earlier run stopped. @param personalized which the variant edits with */
export async function* variantStage(
  session: EditSession,
  planned: PlannedEdits,
  personalized: PromptedModel,
  name: VariantName,
): AsyncGenerator<TaskEvent, VariantEdit> {
  const { parameters, recipe, base, picture, key, side, run, watch, signal } = session;
  watch.start(`editing (${name})`);
  const { edit, title } = variants[name];
  const state = await readState(run, name);
  const editing = editImage({
    ...recipe.editing,
    models: { pretrained: base, personalized },
    schedule: base.scheduler.schedule,
    picture,
    sourcePrompt: parameters.sourcePrompt,
    prompt: parameters.prompt,
    negativePrompt: parameters.negativePrompt,
    variant: edit,
    side,
    key,
    resume: { plan: planned.ofVariant(name), ...(state && { state }) },
    ...(parameters.previewEvery > 0 && { previewEvery: parameters.previewEvery }),
  });
  const stage = `Editing (${title})`;
  let saved = performance.now();
  let last: EditState | undefined;
  try {
    let next = await editing.next();
    for (; !next.done; next = await editing.next()) {
      const event: EditImageEvent = next.value;
      if (event.kind === 'step') {
        yield { kind: 'progress', stage, done: event.step + 1, total: event.count, unit: 'steps' };
        last = event.state;
      }
      if (event.kind === 'preview') {
        const [seen] = picturesFromArray(event.image, 'preview');
        await run.writeBytes(previewName, await encodePicture(seen!, 'PNG'));
        yield { kind: 'preview', stage, done: event.step + 1, path: run.path(previewName) };
      }
      const isLast = event.kind === 'step' && event.step + 1 === event.count;
      const isDue = isLast || performance.now() - saved > MILLISECONDS_BETWEEN_SAVES;
      if (last !== undefined && (isDue || signal?.aborted === true)) {
        await writeState(run, name, last);
        saved = performance.now();
      }
      signal?.throwIfAborted();
    }
    return next.value;
  } finally {
    await editing.return(undefined as never);
  }
}

/** A crash loses no more; a stop from outside loses nothing. */
const MILLISECONDS_BETWEEN_SAVES = 20_000;

const previewName = 'preview.png';

const stateName = (name: VariantName) => `edit-${name}.safetensors`;

const writeState = (run: UnfinishedRun, name: VariantName, { step, latents, moments }: EditState) =>
  run.writeArrays(stateName(name), {
    latents,
    step: ndArray('int32', [1], Int32Array.of(step)),
    ...(Object.keys(moments).length > 0 && { moments: { ...moments } }),
  } as Tree<NdArray>);

async function readState(run: UnfinishedRun, name: VariantName): Promise<EditState | undefined> {
  const arrays = (await run.readArrays(stateName(name))) as unknown as
    | (Pick<EditState, 'latents'> & { readonly step: NdArray; readonly moments?: EditState['moments'] })
    | undefined;
  return arrays && { ...arrays, step: Number(arrays.step.data[0]), moments: arrays.moments ?? {} };
}
