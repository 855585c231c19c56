import { randomInt } from 'node:crypto';
import { Owner, randomKey } from '../../../engine/index.ts';
import type { OpenedConcept } from '../../../files/checkpoints/index.ts';
import { learnedOfConcept, tokenizerWith } from '../../../methods/personalization/index.ts';
import { type ConceptReference, locateReference } from '../../models/concept-reference.ts';
import { hashOpenedModel } from '../../models/hash-opened-model.ts';
import { holdBase } from '../../models/hold-base.ts';
import { openConcept } from '../../models/open-concept.ts';
import { type OpenedModel, openModel } from '../../models/open-model.ts';
import { presetOf, sideOf } from '../../models/preset-of.ts';
import { tellBuiltIn } from '../../models/tell-built-in.ts';
import { hashPath } from '../../runs/hash-path.ts';
import { endedEarly } from '../../runs/stopped.ts';
import { startStopwatch } from '../../runs/stopwatch.ts';
import { openUnfinishedRun, type UnfinishedRun, unfinishedRequest } from '../../runs/unfinished-run.ts';
import { defineTask } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { checkEditMemory } from './check-memory.ts';
import { checkWords } from './check-words.ts';
import { recipeOf } from './edit-plan.ts';
import { requestOf } from './edit-request.ts';
import type { EditSession } from './edit-session.ts';
import { editsStage } from './edits-stage.ts';
import { type EditParameters, editParameters } from './parameters.ts';
import { planStage } from './plan-stage.ts';
import { readInputs } from './read-inputs.ts';
import { steerStage } from './steer-stage.ts';
import { type EditResult, writeOutputs } from './write-outputs.ts';

/** The main job: source, steering, edit. */
export const edit = defineTask({
  summary: 'Edit a photo so that its subject becomes a learned one',
  examples: [
    [
      'photo.jpg --source-prompt "a photo of a cat on the grass" --prompt "a photo of a <biscuit> cat on the grass" --concept concepts/biscuit -m path/to/model -o out/',
      'your cat in the place of the one in the photo',
    ],
    [
      'photo.jpg --source-prompt "a dog" --prompt "a sks dog" -c dreambooth/ -m organisation/model -o out/ --fast --seed 1',
      'a quick look, with a model of the hub',
    ],
    ['… --variants dds,dds-s,dds-sm,full', 'all ways of editing side by side, on one sheet'],
    ['… --mask mask.png --save-steered --resume', 'a mask of your own; goes on where it was stopped'],
  ],
  parameters: editParameters,

  async *run(parameters, context): AsyncGenerator<TaskEvent, EditResult> {
    const { signal } = context;
    const watch = startStopwatch();
    watch.start('opening');
    const inputs = await readInputs(parameters);
    await using owner = new Owner();
    let run: UnfinishedRun | undefined;
    try {
      yield* tellBuiltIn(parameters);
      const opened = yield* openModel(parameters, context);
      owner.defer(opened.close);
      const reference =
        parameters.concept === undefined ? undefined : yield* locateReference(parameters.concept, context);
      const concept = yield* openNamedConcept(reference, parameters, opened);
      if (concept !== undefined) owner.defer(concept.close);
      const { checkpoint, tokenizer } = opened;
      const learned = concept && (await learnedOfConcept(concept));
      const knowing = learned === undefined ? tokenizer : tokenizerWith(tokenizer, learned);
      checkWords(parameters, { tokenizer, knowing }, concept);
      const recipe = recipeOf(parameters, {
        preset: presetOf(checkpoint),
        method: learned?.plan.method.kind,
      });
      const side = parameters.size ?? sideOf(checkpoint);
      yield* checkEditMemory(parameters, opened, { plan: learned?.plan, recipe, side });

      yield { kind: 'stage', stage: 'Hashing the model' };
      const hashes = {
        ...inputs.hashes,
        ...(await hashOpenedModel(opened)),
        concept: reference && (await hashPath(reference.path)),
      };
      yield* tellOtherBase(concept, hashes.model, opened.title);
      const earlier = parameters.resume ? await unfinishedRequest(parameters.output) : undefined;
      const seed = parameters.seed ?? (earlier?.seed as number | undefined) ?? randomInt(2 ** 32);
      run = await openUnfinishedRun({
        output: parameters.output,
        request: requestOf({ parameters, recipe, seed, side, hashes }),
        begin: parameters.resume ? 'resume' : parameters.force ? 'anew' : 'refuse where one is unfinished',
      });
      yield* tellResumed(parameters, run);

      watch.start('loading');
      const held = yield* holdBase(opened, { ...parameters, signal });
      owner.defer(held.close);
      const { base } = held;
      const session: EditSession = {
        parameters,
        recipe,
        seed,
        key: randomKey(seed),
        picture: inputs.picture,
        mask: inputs.mask,
        base,
        concept: learned,
        conceptPath: reference?.path,
        tokenizer: knowing,
        side,
        run,
        watch,
        signal,
      };
      const planned = yield* planStage(session);
      const steered = yield* steerStage(session, planned);
      const edits = yield* editsStage(session, { planned, concept, steered });
      const result = yield* writeOutputs({ session, opened, concept, planned, steered, edits, hashes });
      await run.finish();
      return result;
    } catch (error) {
      throw await endedEarly(error, run, signal);
    }
  },

  describe: ({ files }) => files.join('\n'),
});

async function* openNamedConcept(
  concept: ConceptReference | undefined,
  { prompt, sourcePrompt }: EditParameters,
  { checkpoint }: OpenedModel,
): AsyncGenerator<TaskEvent, OpenedConcept | undefined> {
  if (concept === undefined) {
    const message = 'no concept is named (--concept): the prompts alone decide, and nothing is steered';
    yield { kind: 'warning', message };
    return undefined;
  }
  return yield* openConcept(concept, checkpoint, [prompt, sourcePrompt]);
}

function* tellOtherBase(
  concept: OpenedConcept | undefined,
  hash: string,
  title: string,
): Generator<TaskEvent> {
  const base = concept?.card?.base;
  if (base === undefined || base.hash === hash) return;
  yield {
    kind: 'warning',
    message: `the concept was learned on the model "${base.name}", and "${title}" has other weights: it may look different`,
  };
}

function* tellResumed({ resume }: EditParameters, run: UnfinishedRun): Generator<TaskEvent> {
  if (!resume) return;
  const message = run.isResumed
    ? `Going on in ${run.folder}`
    : 'There is nothing to go on with; beginning anew';
  yield { kind: 'note', message };
}
