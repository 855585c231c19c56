import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../../files/formats/index.ts';
import { type Picture, readPicture } from '../../../files/images/index.ts';
import { softenRegion } from '../../../methods/editing/index.ts';
import { comparePixels, intersectionOverUnion, maskFromBytes } from '../../../methods/evaluation/index.ts';
import { methodKinds } from '../../../methods/personalization/index.ts';
import { drawSheet } from '../../charts/labelled-sheet.ts';
import { isThere } from '../../models/is-there.ts';
import { unfinishedRequest } from '../../runs/unfinished-run.ts';
import { edit } from '../edit/edit.ts';
import { readMaskPicture } from '../edit/read-inputs.ts';
import { deviceParameters, hints, runParameters } from '../parameters/shared-parameters.ts';
import { recipeOf } from '../personalize/personalization-recipe.ts';
import { personalize } from '../personalize/personalize.ts';
import { defineTask, type TaskContext, TaskError } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { chooseCase, type DemoCase } from './demo-case.ts';
import { beginDemo } from './demo-folder.ts';
import { type DrawnCase, drawCase, SIDE } from './draw-case.ts';

export interface DemoResult {
  readonly concept: string;
  readonly source: string;
  /** The sheet to look at. */
  readonly sheet: string;
  /** Mean absolute difference to the right edit where the subject is, 0 to 1; first of the source as it is. */
  readonly distance: { readonly before: number; readonly after: number };
  /** Of the mask that was found, and the true subject grown as masks are: intersection over union. */
  readonly maskOverlap: number;
}

/** The whole job on the drawn world, where the right answer is known. */
export const demo = defineTask({
  summary: 'Learn a drawn subject, edit a picture with it and compare with the right answer, in minutes',
  examples: [
    ['', 'a subject, a picture, the edit and the right answer, on one sheet'],
    ['--case cat-1/cat-01 --method lora', 'another pair of the benchmark, learned otherwise'],
  ],
  parameters: z.object({
    case: z
      .string()
      .min(1)
      .default('rabbit-2/rabbit-01')
      .describe('Concept and source of the drawn benchmark')
      .meta(hints({ placeholder: 'concept/source' })),
    method: z.enum(methodKinds).default('dreambooth').describe('How the subject is learned'),
    output: z
      .string()
      .min(1)
      .default('demo')
      .describe('Folder for all that is made')
      .meta(hints({ short: 'o', placeholder: 'folder' })),
    fast: z.boolean().default(false).describe('A quarter of the usual steps'),
    steps: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Steps of learning')
      .meta(hints({ unit: 'steps', defaultText: "the method's" })),
    ...runParameters,
    ...deviceParameters,
  }),

  async *run(parameters, context): AsyncGenerator<TaskEvent, DemoResult> {
    const { output, method, fast } = parameters;
    await requireModel(context);
    const chosen = chooseCase(parameters.case);
    const steps = parameters.steps ?? (fast ? 100 : undefined);
    await beginDemo(parameters, { case: chosen.name, method, steps: steps ?? 'usual', fast });
    yield { kind: 'stage', stage: `Drawing ${chosen.name}` };
    const drawn = await drawCase(chosen, output);
    yield {
      kind: 'note',
      message: `${drawn.references.length} pictures of ${chosen.concept.concept.name} and a source are in ${output}`,
    };

    const { device, threads, memoryCheck } = parameters;
    const model = context.builtInModel;
    const common = { model, device, threads, memoryCheck, force: true }; // what is in the demo's folder is the demo's
    const [conceptFolder, editFolder] = [join(output, 'concept'), join(output, 'edit')];
    const asked = personalize.parameters.parse({
      ...common,
      pictures: drawn.references,
      method,
      token: WORD,
      class: chosen.concept.concept.class,
      output: conceptFolder,
      steps,
      sampleEvery: fast ? 50 : 150,
      resume: parameters.resume && (await isUnfinished(conceptFolder)),
    });
    if (parameters.resume && (await isThere(join(conceptFolder, 'concept.json')))) {
      yield { kind: 'note', message: `The subject is learned already, in ${conceptFolder}` };
    } else {
      yield* personalize.run(asked, context);
    }
    const { phrase } = recipeOf(asked, 'pocket').concept;
    const { sourcePrompt, targetPrompt } = chosen.source;
    const finished = parameters.resume ? await finishedEdit(editFolder) : undefined;
    if (finished !== undefined) {
      yield { kind: 'note', message: `The picture is edited already, in ${editFolder}` };
    }
    const edited =
      finished ??
      (yield* edit.run(
        edit.parameters.parse({
          ...common,
          picture: drawn.source,
          sourcePrompt,
          prompt: targetPrompt.replace('{concept}', phrase),
          concept: conceptFolder,
          output: editFolder,
          variants: ['dds-sm', 'full'],
          seed: 0,
          fast,
          previewEvery: 25,
          resume: parameters.resume && (await isUnfinished(editFolder)),
        }),
        context,
      ));
    return yield* compare(chosen, drawn, edited, output);
  },

  describe: ({ concept, source, sheet, distance, maskOverlap }) =>
    [
      `${source} with ${concept}: ${percent(distance.before)} away from the right answer before, ${percent(distance.after)} after`,
      `the mask overlaps the true one by ${percent(maskOverlap)}`,
      'with pictures of your own: dreamsteerer personalize --help, then dreamsteerer edit --help',
      `look at ${sheet}`,
    ].join('\n'),
});

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Of the latents, in pixels; a crop's may be smaller. */
const CELL = 8;

/** What the drawn subject is called in prompts. */
const WORD = '<mine>';

async function requireModel({ builtInModel }: TaskContext): Promise<void> {
  if (await isThere(builtInModel)) return;
  throw new TaskError(
    `demo: the built-in model (${builtInModel}) is not part of this installation; with a model of your own use "dreamsteerer personalize" and "dreamsteerer edit" with --model`,
  );
}

/** With `resume` a run that is whole is not begun anew. */
const isUnfinished = async (folder: string): Promise<boolean> =>
  (await unfinishedRequest(folder)) !== undefined;

interface FinishedEdit {
  readonly output: string;
  readonly variants: readonly { readonly name: string; readonly picture: string }[];
}

/** What an earlier run edited to the end, as its record tells. */
async function finishedEdit(folder: string): Promise<FinishedEdit | undefined> {
  const record = join(folder, 'run.json'); // the last that is written
  if (!(await isThere(record)) || (await isUnfinished(folder))) return undefined;
  const { results } = JSON.parse(await readFile(record, 'utf8')) as {
    readonly results: FinishedEdit['variants'];
  };
  return {
    output: folder,
    variants: results.map(({ name, picture }) => ({ name, picture: join(folder, picture) })),
  };
}

async function* compare(
  { concept, source, name }: DemoCase,
  drawn: DrawnCase,
  edited: FinishedEdit,
  output: string,
): AsyncGenerator<TaskEvent, DemoResult> {
  const before = await readPicture(drawn.source);
  const pictures = await Promise.all(edited.variants.map(({ picture }) => readPicture(picture)));
  const found = await readMaskPicture(join(edited.output, 'mask.png'));
  const both = drawn.masks.source.map((share, pixel) => Math.max(share, drawn.masks.oracle[pixel]!));
  const inside = { kind: 'inside', mask: maskFromBytes(SIDE, SIDE, both) } as const;
  const away = (picture: Picture) => comparePixels(picture, drawn.oracle, inside).meanAbsolute / 255;
  const references = await Promise.all(drawn.references.map((path) => readPicture(path)));
  const sheet = join(output, 'sheet.png');
  const bytes = await drawSheet([
    references.map((picture, index) => ({ label: `reference ${index + 1}`, picture })),
    [
      { label: 'source', picture: before },
      { label: 'mask', picture: await readPicture(join(edited.output, 'mask.png')) },
      ...edited.variants.map((variant, index) => ({
        label: `${variant.name === 'full' ? 'edit (DreamSteerer)' : 'without steering'}: ${percent(away(pictures[index]!))} away`,
        picture: pictures[index]!,
      })),
      { label: 'right answer', picture: drawn.oracle },
    ],
  ]);
  await replaceFile(sheet, (write) => write(bytes));
  yield { kind: 'file', path: sheet };
  const subject = softenRegion(maskFromBytes(SIDE, SIDE, drawn.masks.source), { grow: CELL, feather: CELL });
  return {
    concept: concept.concept.name,
    source: source.name ?? name,
    sheet,
    distance: { before: away(before), after: away(pictures.at(-1)!) },
    maskOverlap: intersectionOverUnion(found, subject),
  };
}
