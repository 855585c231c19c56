import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  drawPocketSet,
  type PocketSetDrawing,
  type PocketSetName,
} from '../../benchmark/manifest/draw-pocket-set.ts';
import { findConcepts } from '../../benchmark/manifest/find-concepts.ts';
import { findSources, sourcesOfConcepts } from '../../benchmark/manifest/find-sources.ts';
import type { Manifest } from '../../benchmark/manifest/manifest.ts';
import { pairsOf } from '../../benchmark/manifest/read-manifest.ts';
import { refuseManifest, writeManifest } from '../../benchmark/manifest/write-manifest.ts';
import { lastPart } from '../../models/open-model.ts';
import { hints } from '../parameters/shared-parameters.ts';
import { defineTask, ParameterError } from '../task.ts';
import type { TaskEvent } from '../task-event.ts';

export interface InitializedBenchmark {
  readonly manifest: string;
  readonly concepts: number;
  readonly sources: number;
  /** Pairs of a concept and a source. */
  readonly pairs: number;
}

/** Writes a manifest for folders of pictures, or draws one of the built-in sets. */
export const benchInit = defineTask({
  summary: 'Write a manifest of a benchmark for folders of pictures, or draw a built-in set',
  examples: [
    ['pocket --pocket', 'draws the built-in set: 16 concepts, 70 sources, the right edits'],
    ['one-shot --one-shot', 'draws that of 10 cats and dogs, 20 sources, one picture a concept'],
    ['tuning --pocket --variation 1', 'draws other concepts and sources, to choose settings by'],
    [
      'dreambooth --sources photos/',
      'a checkout of the data set of DreamBooth, DreamMatcher or ViCo, and photos by class',
    ],
  ],
  parameters: z.object({
    folder: z
      .string()
      .min(1)
      .describe('Folder of concepts, one folder of pictures each; or where a built-in set is drawn')
      .meta(hints({ argument: true, placeholder: 'folder' })),
    sources: z
      .string()
      .min(1)
      .optional()
      .describe('Folder of pictures to be edited, one folder for each class word, prompts beside as .txt')
      .meta(hints({ placeholder: 'folder', defaultText: 'pictures of other concepts of the same class' })),
    pocket: z.boolean().default(false).describe('Draw the built-in set'),
    oneShot: z.boolean().default(false).describe('Draw the built-in set with one picture a concept'),
    variation: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(0)
      .describe('Which built-in set: 0 is the one to report on, any other has other concepts and sources'),
    size: z
      .int()
      .min(32)
      .max(2048)
      .default(128)
      .describe('Side of drawn pictures; 128 is what the built-in model was trained with')
      .meta(hints({ unit: 'pixels' })),
  }),

  async *run(
    { folder, sources, pocket, oneShot, size, variation },
    { signal },
  ): AsyncGenerator<TaskEvent, InitializedBenchmark> {
    if (pocket && oneShot) {
      throw new ParameterError(
        'pocket',
        'a folder holds one of the built-in sets, and there is --one-shot too; name one, then another folder',
      );
    }
    if ((pocket || oneShot) && sources !== undefined) {
      throw new ParameterError('sources', 'a built-in set has its own; leave this out');
    }
    await refuseManifest(folder);
    const manifest =
      pocket || oneShot
        ? yield* draw(pocket ? 'pocket' : 'one-shot', folder, { size, variation }, signal)
        : yield* describeFolders(folder, sources);
    const path = await writeManifest(folder, manifest);
    yield { kind: 'file', path };
    return {
      manifest: path,
      concepts: manifest.concepts.length,
      sources: manifest.sources.length,
      pairs: pairsOf(manifest).length,
    };
  },

  describe: ({ manifest, concepts, sources, pairs }) =>
    `${manifest}\n${concepts} concepts, ${sources} sources, ${pairs} pairs of one class`,
});

async function* draw(
  name: PocketSetName,
  folder: string,
  drawing: PocketSetDrawing,
  signal: AbortSignal | undefined,
): AsyncGenerator<TaskEvent, Manifest, undefined> {
  await mkdir(folder, { recursive: true });
  const pictures = drawPocketSet(name, folder, drawing);
  let next = await pictures.next();
  for (; !next.done; next = await pictures.next()) {
    signal?.throwIfAborted();
    const { done, total } = next.value;
    yield { kind: 'progress', stage: 'Drawing', done, total, unit: 'pictures' };
  }
  return next.value;
}

async function* describeFolders(
  folder: string,
  sourcesFolder: string | undefined,
): AsyncGenerator<TaskEvent, Manifest, undefined> {
  const { concepts, guessed } = await findConcepts(folder);
  const sources =
    sourcesFolder === undefined
      ? await sourcesOfConcepts(folder, concepts)
      : await findSources(folder, sourcesFolder);
  if (guessed.length > 0) {
    const words = concepts.map(({ name, classWord }) => `${name}: ${classWord}`).join(', ');
    yield {
      kind: 'warning',
      message: `class words are taken from the folders' names (${words}); correct them in ${join(folder, 'benchmark.json')} where they are wrong`,
    };
  }
  if (sourcesFolder === undefined) {
    yield {
      kind: 'note',
      message: `the sources are pictures of other concepts of the same class, with prompts that name the class alone; for others give --sources`,
    };
  }
  const found = { concepts: [...concepts], sources: [...sources] };
  if (pairsOf(found).length === 0) {
    throw new ParameterError(
      'sources',
      `none is of a concept's class (${[...new Set(concepts.map((each) => each.classWord))].join(', ')}); its folders are called by class words`,
    );
  }
  return {
    format: 'dreamsteerer benchmark 1',
    title: lastPart(folder) || 'Benchmark',
    suites: ['main', 'ablation', 'one-shot'],
    ...found,
  };
}
