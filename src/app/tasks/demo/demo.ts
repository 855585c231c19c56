import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../../files/formats/index.ts';
import { makePicture, type Picture, readPicture, writePicture } from '../../../files/images/index.ts';
import { comparePixels, intersectionOverUnion, maskFromBytes } from '../../../methods/evaluation/index.ts';
import { renderScene } from '../../../pocket/world/index.ts';
import { drawSheet } from '../../charts/labelled-sheet.ts';
import { isThere } from '../../models/is-there.ts';
import { edit } from '../edit/edit.ts';
import { readMaskPicture } from '../edit/read-inputs.ts';
import { deviceParameters, hints } from '../parameters/shared-parameters.ts';
import { personalize } from '../personalize/personalize.ts';
import { defineTask, type TaskContext, TaskError } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';
import { chooseCase, type DemoCase } from './demo-case.ts';

export interface DemoResult {
  readonly concept: string;
  readonly source: string;
  /** The sheet to look at. */
  readonly sheet: string;
  /** Mean absolute difference to the right edit where the subject is, 0 to 1; first of the source as it is. */
  readonly distance: { readonly before: number; readonly after: number };
  /** Of the mask that was found, and the true one. */
  readonly maskOverlap: number;
}

/** The whole job on the drawn world, where the right answer is known. */
export const demo = defineTask({
  summary: 'Learn a drawn subject, edit a picture with it and compare with the right answer, in minutes',
  examples: [
    ['', 'a subject, a picture, the edit and the right answer, on one sheet'],
    ['--case rabbit-1/rabbit-03 --method lora', 'another pair of the benchmark, learned otherwise'],
  ],
  parameters: z.object({
    case: z
      .string()
      .min(1)
      .default('cat-1/cat-01')
      .describe('Concept and source of the drawn benchmark')
      .meta(hints({ placeholder: 'concept/source' })),
    method: z
      .enum(['textual-inversion', 'dreambooth', 'custom-diffusion', 'lora'])
      .default('dreambooth')
      .describe('How the subject is learned'),
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
    force: z.boolean().default(false).describe('Overwrite an earlier demo'),
    ...deviceParameters,
  }),

  async *run(parameters, context): AsyncGenerator<TaskEvent, DemoResult> {
    const { output } = parameters;
    await requireModel(context);
    await checkFolder(output, parameters.force);
    const chosen = chooseCase(parameters.case);
    yield { kind: 'stage', stage: `Drawing ${chosen.name}` };
    const drawn = await drawCase(chosen, output);
    yield {
      kind: 'note',
      message: `${drawn.references.length} pictures of ${chosen.concept.concept.name} and a source are in ${output}`,
    };

    const common = { device: parameters.device, threads: parameters.threads, force: parameters.force };
    const learned = yield* personalize.run(
      personalize.parameters.parse({
        ...common,
        pictures: drawn.references,
        method: parameters.method,
        token: WORD,
        class: chosen.concept.concept.class,
        output: join(output, 'concept'),
        steps: parameters.steps ?? (parameters.fast ? 100 : undefined),
        sampleEvery: 0,
      }),
      context,
    );
    const edited = yield* edit.run(
      edit.parameters.parse({
        ...common,
        picture: drawn.source,
        sourcePrompt: chosen.source.sourcePrompt,
        prompt: chosen.source.targetPrompt.replace('{concept}', WORD),
        concept: learned.output,
        output: join(output, 'edit'),
        variants: ['dds-sm', 'full'],
        seed: 0,
        fast: parameters.fast,
        previewEvery: 0,
      }),
      context,
    );
    return yield* compare(chosen, drawn, edited, parameters.output);
  },

  describe: ({ concept, source, sheet, distance, maskOverlap }) =>
    [
      `${source} with ${concept}: ${percent(distance.before)} away from the right answer before, ${percent(distance.after)} after`,
      `the subject was found with an overlap of ${percent(maskOverlap)}`,
      `look at ${sheet}`,
    ].join('\n'),
});

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** What the drawn subject is called in prompts. */
const WORD = '<mine>';

async function requireModel({ builtInModel }: TaskContext): Promise<void> {
  if (await isThere(builtInModel)) return;
  throw new TaskError(
    `demo: the built-in model (${builtInModel}) is not part of this installation; with a model of your own use "dreamsteerer personalize" and "dreamsteerer edit" with --model`,
  );
}

async function checkFolder(output: string, force: boolean): Promise<void> {
  const names = await readdir(output).catch(() => []);
  if (names.length === 0 || force) return;
  throw new TaskError(
    `output: ${output} is there already and not empty; choose another folder, or allow to overwrite it (--force)`,
  );
}

interface DrawnCase {
  readonly references: readonly string[];
  readonly source: string;
  readonly oracle: Picture;
  /** Of the source's subject and the right answer's. */
  readonly masks: { readonly source: Uint8Array; readonly oracle: Uint8Array };
}

/** Sides of the drawn pictures: what the built-in model is made for. */
const SIDE = 64;

async function drawCase({ concept, source, oracle }: DemoCase, output: string): Promise<DrawnCase> {
  await mkdir(join(output, 'references'), { recursive: true });
  const references: string[] = [];
  for (const [index, scene] of concept.references.entries()) {
    const { pixels } = await renderScene(scene, SIDE);
    const path = join(output, 'references', `${index + 1}.png`);
    await writePicture(path, makePicture(SIDE, SIDE, pixels), { existing: 'replace' });
    references.push(path);
  }
  const [from, to] = [await renderScene(source.scene, SIDE), await renderScene(oracle, SIDE)];
  const path = join(output, 'source.png');
  await writePicture(path, makePicture(SIDE, SIDE, from.pixels), { existing: 'replace' });
  return {
    references,
    source: path,
    oracle: makePicture(SIDE, SIDE, to.pixels),
    masks: { source: from.mask, oracle: to.mask },
  };
}

async function* compare(
  { concept, source, name }: DemoCase,
  drawn: DrawnCase,
  edited: {
    readonly output: string;
    readonly variants: readonly { readonly name: string; readonly picture: string }[];
  },
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
  return {
    concept: concept.concept.name,
    source: source.name ?? name,
    sheet,
    distance: { before: away(before), after: away(pictures.at(-1)!) },
    maskOverlap: intersectionOverUnion(found, maskFromBytes(SIDE, SIDE, drawn.masks.source)),
  };
}
