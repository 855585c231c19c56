import type { Latents } from '../../../methods/diffusion/index.ts';
import {
  type SteerEvent,
  type SteeredConcept,
  steer,
  unetCallsOfSteering,
} from '../../../methods/steering/index.ts';
import type { UnfinishedRun } from '../../runs/unfinished-run.ts';
import type { TaskEvent } from '../task-event.ts';
import type { EditSession } from './edit-session.ts';
import type { PlannedEdits } from './plan-stage.ts';

export interface SteeredEdit {
  readonly concept: SteeredConcept;
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
  const state = await run.readArrays(stateName);
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
    checkpointEvery: (step) => signal?.aborted === true || step % parameters.saveEvery === 0,
    guidedImages: await readImages(run),
    ...(state && { resumeFrom: state }),
  });
  let losses: SteeredEdit['losses'];
  let unetCalls = 0;
  try {
    let next = await steering.next();
    for (; !next.done; next = await steering.next()) {
      const event = next.value;
      if (event.kind === 'guided image') {
        await run.writeArrays(imageName(event.image), { image: event.latents });
      }
      unetCalls += unetCallsOfSteering(event, settings);
      if (event.kind === 'step') losses = event.losses;
      if (event.kind === 'checkpoint') await run.writeArrays(stateName, event.state);
      yield* told(event);
      // A step's checkpoint comes behind it: the step itself is no place to stop at.
      if (event.kind !== 'step') signal?.throwIfAborted();
    }
    const { plan, learned } = next.value;
    return { concept: { plan, learned }, losses, steps: settings.optimization.steps, unetCalls };
  } finally {
    await steering.return(undefined as never);
  }
}

function* told(event: SteerEvent): Generator<TaskEvent> {
  switch (event.kind) {
    case 'drawing': {
      const { image, step, steps, count } = event;
      const stage = 'Drawing the concept';
      yield { kind: 'progress', stage, done: image * steps + step + 1, total: count * steps, unit: 'steps' };
      return;
    }
    case 'looking': {
      const stage = 'Comparing the drawings with the photo';
      yield { kind: 'progress', stage, done: event.step + 1, total: event.count, unit: 'steps' };
      return;
    }
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

const stateName = 'steering.safetensors';
const imageName = (image: number) => `guided-image-${image + 1}.safetensors`;

/** Those that an earlier run made. */
async function readImages(run: UnfinishedRun): Promise<readonly Latents[]> {
  const images: Latents[] = [];
  for (;;) {
    const arrays = await run.readArrays(imageName(images.length));
    if (arrays === undefined) return images;
    images.push((arrays as { readonly image: Latents }).image);
  }
}
