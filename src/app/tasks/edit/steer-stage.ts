import type { NdArray, Tree } from '../../../engine/index.ts';
import type { Latents } from '../../../methods/diffusion/index.ts';
import { applyLearned, type PromptedModel } from '../../../methods/personalization/index.ts';
import {
  learnedInMemory,
  type SteerEvent,
  type SteeredConcept,
  steer,
} from '../../../methods/steering/index.ts';
import { unetCallsOfSteering } from '../../benchmark/runner/steer-to-source.ts';
import type { UnfinishedRun } from '../../runs/unfinished-run.ts';
import type { TaskEvent } from '../task-event.ts';
import type { EditSession } from './edit-session.ts';
import type { PlannedEdits } from './plan-stage.ts';

export interface SteeredEdit {
  readonly concept: SteeredConcept;
  /** Held on the device, released by the caller. */
  readonly model: PromptedModel;
  /** What the losses were at the last step of this process. */
  readonly losses:
    | { readonly edsd: number | undefined; readonly modeShifting: number | undefined }
    | undefined;
  readonly steps: number;
  /** Of this process. */
  readonly unetCalls: number;
}

/** Steers the concept to the photo, from where an earlier run stopped; undefined where nothing is to be steered. */
export async function* steerStage(
  session: EditSession,
  { main, source }: PlannedEdits,
): AsyncGenerator<TaskEvent, SteeredEdit | undefined> {
  const { parameters, base, concept, recipe, run, seed, watch, signal } = session;
  const settings = recipe.steering;
  if (settings === undefined || concept === undefined) return undefined;
  watch.start('steering');
  yield { kind: 'stage', stage: 'Steering the concept to the photo' };
  const images = await readImages(run);
  const state = images && (await run.readArrays(stateName));
  const steering = steer(base, {
    concept,
    source,
    prompts: {
      source: parameters.sourcePrompt,
      target: parameters.prompt,
      negative: parameters.negativePrompt,
    },
    ...(main.latentMask && { mask: main.latentMask }),
    settings,
    seed,
    checkpointEvery: parameters.saveEvery,
    ...(images && { guidedImages: images }),
    ...(state && { resumeFrom: state }),
  });
  const made: Latents[] = [];
  let losses: SteeredEdit['losses'];
  let unetCalls = 0;
  try {
    let next = await steering.next();
    for (; !next.done; next = await steering.next()) {
      const event = next.value;
      if (event.kind === 'guided image') {
        made.push(event.latents);
        if (made.length === event.count) await writeImages(run, made.slice(0, settings.guidedImages.keep));
      }
      unetCalls += unetCallsOfSteering(event, settings);
      if (event.kind === 'step') losses = event.losses;
      if (event.kind === 'checkpoint') await run.writeArrays(stateName, event.state);
      yield* told(event);
      signal?.throwIfAborted();
    }
    const { plan, learned } = next.value;
    const model = await applyLearned(base, learnedInMemory(plan, learned));
    return { concept: { plan, learned }, model, losses, steps: settings.optimization.steps, unetCalls };
  } finally {
    await steering.return(undefined as never);
  }
}

function* told(event: SteerEvent): Generator<TaskEvent> {
  switch (event.kind) {
    case 'guiding': {
      const { stage, image, step, steps, count } = event;
      const inverting = stage === 'inverting';
      yield {
        kind: 'progress',
        stage: inverting ? 'Inverting the photo' : 'Sampling guided images',
        done: inverting ? step + 1 : image * steps + step + 1,
        total: inverting ? steps : count * steps,
        unit: 'steps',
      };
      return;
    }
    case 'step':
      yield { kind: 'progress', stage: 'Steering', done: event.step, total: event.count, unit: 'steps' };
      return;
    case 'guided image':
    case 'checkpoint':
      return;
  }
}

const [stateName, imagesName] = ['steering.safetensors', 'guided-images.safetensors'];

/** Under names that keep their order. */
async function writeImages(run: UnfinishedRun, images: readonly Latents[]): Promise<void> {
  const entries = images.map((image, index) => [String(index).padStart(3, '0'), image] as const);
  await run.writeArrays(imagesName, Object.fromEntries(entries) as Tree<NdArray>);
}

async function readImages(run: UnfinishedRun): Promise<readonly Latents[] | undefined> {
  const arrays = (await run.readArrays(imagesName)) as Readonly<Record<string, Latents>> | undefined;
  return (
    arrays &&
    Object.keys(arrays)
      .sort()
      .map((name) => arrays[name]!)
  );
}
