import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { Owner } from '../../../engine/index.ts';
import { moveFolder, writeConcept } from '../../../files/checkpoints/index.ts';
import { replaceFile } from '../../../files/formats/index.ts';
import { encodePicture, type Picture, squarePicture } from '../../../files/images/index.ts';
import {
  conceptCard,
  conceptOfLearned,
  extendTokenizer,
  type PersonalizeEvent,
  type PersonalizeOptions,
  personalize as personalizeModel,
} from '../../../methods/personalization/index.ts';
import { hashOpenedModel } from '../../models/hash-opened-model.ts';
import { holdBase } from '../../models/hold-base.ts';
import { isThere } from '../../models/is-there.ts';
import { openModel } from '../../models/open-model.ts';
import { presetOf, sideOf } from '../../models/preset-of.ts';
import { tellBuiltIn } from '../../models/tell-built-in.ts';
import { usualSampling } from '../../models/usual-sampling.ts';
import type { PlainData } from '../../runs/content-hash.ts';
import { endedEarly } from '../../runs/stopped.ts';
import { startStopwatch } from '../../runs/stopwatch.ts';
import { dataText, openUnfinishedRun, type UnfinishedRun } from '../../runs/unfinished-run.ts';
import { versions } from '../../runs/versions.ts';
import { REFERENCE } from '../edit/reference-picture.ts';
import { checked, defineTask } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { checkConceptFolder } from './check-concept-folder.ts';
import { checkPersonalizationMemory } from './check-memory.ts';
import { type ClassPictureCache, openClassPictures } from './class-picture-cache.ts';
import { type PersonalizeParameters, personalizeParameters } from './parameters.ts';
import { recipeOf } from './personalization-recipe.ts';
import { picturesAt, readReferences } from './read-references.ts';

export interface PersonalizeResult {
  /** The concept's folder. */
  readonly output: string;
  /** What prompts call it. */
  readonly phrase: string;
  readonly method: PersonalizeParameters['method'];
  readonly steps: number;
  /** Mean loss of the last steps. */
  readonly loss: number | undefined;
  /** How far the class word has moved from what it meant, 0 … 1; see `probeDrift`. */
  readonly drift: number | undefined;
}

/** Learns a concept from a few pictures. */
export const personalize = defineTask({
  summary: 'Learn a subject from a few pictures, as a concept to edit photos with',
  examples: [
    [
      'biscuit/*.jpg --method custom-diffusion --token "<biscuit>" --class cat -m path/to/model -o concepts/biscuit',
      'your cat as "<biscuit> cat"',
    ],
    ['mug/ --method lora --token sks --class mug -o concepts/mug -m organisation/model', 'a LoRA of a mug'],
    ['… --resume', 'goes on where it was stopped'],
  ],
  parameters: personalizeParameters,

  async *run(parameters, context): AsyncGenerator<TaskEvent, PersonalizeResult> {
    const { signal } = context;
    const { output } = parameters;
    const watch = startStopwatch();
    watch.start('opening');
    await checkConceptFolder(output, parameters.force ? 'replace' : 'refuse');
    const { references, hashes } = await readReferences(parameters);
    await using owner = new Owner();
    let run: UnfinishedRun | undefined;
    try {
      yield* tellBuiltIn(parameters);
      const opened = yield* openModel(parameters, context);
      owner.defer(opened.close);
      const { checkpoint, tokenizer } = opened;
      const classPaths =
        parameters.classPictures === undefined ? [] : await picturesAt(parameters.classPictures);
      const preset = presetOf(checkpoint);
      const recipe = recipeOf(parameters, preset, classPaths.length);
      const { concept, training } = recipe;
      checked('token', () => extendTokenizer(tokenizer, concept.tokens));
      const size = parameters.size ?? sideOf(checkpoint);
      yield* checkPersonalizationMemory(parameters, { checkpoint, tokenizer, size }, recipe);
      yield { kind: 'stage', stage: 'Hashing the model' };
      const files = await hashOpenedModel(opened);
      const base = { name: opened.title, hash: files.model };
      const { seed } = parameters;
      const { sampler, guidanceScale } = usualSampling[preset];
      const cache = await openClassPictures(
        { ...parameters, paths: classPaths },
        { training, size, madeBy: { ...files, size, seed, sampler, guidanceScale } },
      );
      const request = {
        concept,
        training,
        seed,
        size,
        files: { ...files, references: hashes, classPictures: cache.hashes },
      };
      run = await openUnfinishedRun({
        output,
        request: request as unknown as { readonly [name: string]: PlainData },
        begin: parameters.resume ? 'resume' : parameters.force ? 'anew' : 'refuse where one is unfinished',
      });
      if (cache.given.length > 0) {
        yield { kind: 'note', message: `${cache.given.length} pictures of the class are there already` };
      }
      watch.start('loading');
      const held = yield* holdBase(opened, { ...parameters, signal });
      owner.defer(held.close);
      watch.start('learning');
      const state = await run.readArrays(stateName);
      const log = await readLog(run);
      const options: PersonalizeOptions = {
        concept,
        training,
        references,
        size,
        seed,
        classPictures: cache.given,
        generation: { guidanceScale },
        ...(parameters.sampleEvery > 0 && { samples: { ...samplesOf(parameters), guidanceScale } }),
        checkpointEvery: parameters.saveEvery,
        driftEvery: STEPS_BETWEEN_DRIFTS,
        ...(state && { resumeFrom: state }),
        ...(signal && { signal }),
      };
      const { learned } = yield* learn(personalizeModel(held.base, options), {
        parameters,
        run,
        log,
        cache,
        steps: training.steps,
      });

      watch.start('writing');
      yield { kind: 'stage', stage: 'Writing' };
      const card = conceptCard({ concept, training, seed, base });
      const written = run.path('result');
      await writeConcept(written, card, conceptOfLearned(concept, learned), {
        base: checkpoint,
        existing: 'replace',
      });
      const result: PersonalizeResult = {
        output,
        phrase: concept.phrase,
        method: parameters.method,
        steps: training.steps,
        loss: lastLoss(log),
        drift: log.drifts.at(-1)?.[1],
      };
      const reference = await squarePicture(references[0]!.picture, size, { crop: training.crop });
      await writeBeside(written, REFERENCE, await encodePicture(reference, 'PNG'));
      const record = {
        task: 'personalize',
        versions: versions(),
        request,
        result,
        seconds: watch.seconds(),
        resumed: run.isResumed,
        losses: log.losses,
        drifts: log.drifts,
      };
      await writeBeside(written, 'run.json', Buffer.from(dataText(record as unknown as PlainData)));
      if (await isThere(run.path(SAMPLES)))
        await cp(run.path(SAMPLES), join(written, SAMPLES), { recursive: true });
      await moveFolder(written, output, parameters.force ? 'replace' : 'refuse');
      await run.finish();
      yield { kind: 'file', path: output };
      return result;
    } catch (error) {
      throw await endedEarly(error, run, signal);
    }
  },

  describe: ({ output, phrase, steps, loss }) =>
    [
      `${output}: "${phrase}", ${steps} steps${loss === undefined ? '' : `, loss ${loss.toPrecision(3)}`}`,
      `use it, with the same model: dreamsteerer edit PHOTO --source-prompt "…" --prompt "… ${phrase} …" --concept ${output} -o out`,
    ].join('\n'),
});

const stateName = 'state.safetensors';
const SAMPLES = 'samples';
const STEPS_BETWEEN_DRIFTS = 50;

/** Beyond this share the class itself looks like the subject. */
const NOTABLE_DRIFT = 0.25;

/** Pairs of a step and a value. */
interface LearningLog {
  readonly losses: [step: number, loss: number][];
  readonly drifts: [step: number, drift: number][];
}

interface Learning {
  readonly parameters: PersonalizeParameters;
  readonly run: UnfinishedRun;
  readonly log: LearningLog;
  readonly cache: ClassPictureCache;
  readonly steps: number;
}

/** Shows what happens and keeps what a later process would go on with. */
async function* learn<Result>(
  events: AsyncGenerator<PersonalizeEvent, Result>,
  learning: Learning,
): AsyncGenerator<TaskEvent, Result> {
  const { run, log, cache } = learning;
  let isWarned = false;
  try {
    let next = await events.next();
    for (; !next.done; next = await events.next()) {
      const event = next.value;
      switch (event.kind) {
        case 'encoded':
          yield {
            kind: 'progress',
            stage: 'Encoding pictures',
            unit: 'pictures',
            done: event.count,
            total: event.of,
          };
          break;
        case 'class-picture':
          await cache.keep(event.index, event.picture);
          yield {
            kind: 'progress',
            stage: 'Making pictures of the class',
            unit: 'pictures',
            done: event.index + 1,
            total: event.of,
          };
          break;
        case 'step':
          log.losses.push([event.step, event.loss]);
          yield {
            kind: 'progress',
            stage: 'Learning',
            unit: 'steps',
            done: event.step,
            total: learning.steps,
          };
          break;
        case 'drift':
          log.drifts.push([event.step, event.drift]);
          if (event.drift > NOTABLE_DRIFT && !isWarned) {
            isWarned = true;
            yield { kind: 'warning', message: driftWarning(learning.parameters, event) };
          }
          break;
        case 'sample': {
          const name = `${SAMPLES}/step-${String(event.step).padStart(6, '0')}-${sampleNumber(learning, event.prompt)}.png`;
          await writeSample(run, name, event.picture);
          yield { kind: 'preview', stage: 'Learning', done: event.step, path: run.path(name) };
          break;
        }
        case 'checkpoint':
          await run.writeArrays(stateName, event.state);
          await run.writeData(logName, log as unknown as PlainData);
          break;
      }
    }
    return next.value;
  } finally {
    await events.return(undefined as never);
  }
}

const driftWarning = (
  { class: word }: PersonalizeParameters,
  { step, drift }: { readonly step: number; readonly drift: number },
): string =>
  `step ${step}: the model's idea of "${word}" has moved by ${Math.round(100 * drift)} %; it may be overfitting. Fewer steps, a lower rate or prior preservation (--prior-pictures) keep it`;

const logName = 'log.json';

const readLog = async (run: UnfinishedRun): Promise<LearningLog> =>
  ((await run.readData(logName)) as unknown as LearningLog | undefined) ?? { losses: [], drifts: [] };

const lastLoss = ({ losses }: LearningLog): number | undefined => {
  const last = losses.slice(-50);
  return last.length === 0 ? undefined : last.reduce((sum, [, loss]) => sum + loss, 0) / last.length;
};

const samplesOf = ({ sampleEvery, samplePrompts }: PersonalizeParameters) => ({
  every: sampleEvery,
  ...(samplePrompts.length > 0 && { prompts: samplePrompts }),
});

const sampleNumber = ({ parameters }: Learning, prompt: string): number =>
  Math.max(0, parameters.samplePrompts.indexOf(prompt)) + 1;

const writeSample = async (run: UnfinishedRun, name: string, picture: Picture): Promise<void> =>
  run.writeBytes(name, await encodePicture(picture, 'PNG'));

const writeBeside = (folder: string, name: string, bytes: Uint8Array): Promise<void> =>
  replaceFile(join(folder, name), (write) => write(bytes));
