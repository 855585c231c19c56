import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenedConcept } from '../../../files/checkpoints/index.ts';
import { replaceFile } from '../../../files/formats/index.ts';
import {
  createFile,
  encodeLikeOriginal,
  makePicture,
  type Picture,
  writePicture,
} from '../../../files/images/index.ts';
import { maskOfPicture, type Plane } from '../../../methods/editing/index.ts';
import { drawSheet, type SheetPanel } from '../../charts/labelled-sheet.ts';
import type { OpenedModel } from '../../models/open-model.ts';
import type { PlainData } from '../../runs/content-hash.ts';
import { dataText } from '../../runs/unfinished-run.ts';
import type { TaskEvent } from '../task-event.ts';
import type { EditHashes } from './edit-request.ts';
import type { EditSession } from './edit-session.ts';
import { type VariantName, variants } from './edit-variants.ts';
import { type EditMeasures, measureEdit } from './measure-edit.ts';
import { pictureTexts } from './picture-texts.ts';
import type { PlannedEdits } from './plan-stage.ts';
import { referenceOf } from './reference-picture.ts';
import { runRecord } from './run-record.ts';
import type { SteeredEdit } from './steer-stage.ts';
import type { VariantEdit } from './variant-stage.ts';
import { expressSteered, writeSteered } from './write-steered.ts';

export interface EditResult {
  readonly output: string;
  readonly seed: number;
  /** Paths of all that was written; the sheet is the one to look at. */
  readonly files: readonly string[];
  readonly sheet: string;
  readonly variants: readonly ({ readonly name: VariantName; readonly picture: string } & EditMeasures)[];
}

export interface FinishedEdit {
  readonly session: EditSession;
  readonly opened: OpenedModel;
  readonly concept: OpenedConcept | undefined;
  readonly planned: PlannedEdits;
  readonly steered: SteeredEdit | undefined;
  readonly edits: ReadonlyMap<VariantName, VariantEdit>;
  readonly hashes: EditHashes;
}

/** Everything is made before the first file is written; each file is there whole or not at all. */
export async function* writeOutputs(finished: FinishedEdit): AsyncGenerator<TaskEvent, EditResult> {
  const { session, opened, concept, planned, steered, edits, hashes } = finished;
  const { parameters, picture, recipe, seed, side, watch, base } = session;
  watch.start('writing');
  yield { kind: 'stage', stage: 'Writing' };
  const { output } = parameters;
  const existing = parameters.force ? 'replace' : 'refuse';
  const files: string[] = [];
  const mask = maskOfPicture(picture, planned.main.crop, planned.main.mask);
  const names = [...edits.keys()];
  const fileOf = (name: VariantName) => (names.length === 1 ? 'edit.png' : `edit-${name}.png`);
  const results: EditResult['variants'][number][] = [];
  for (const [name, edit] of edits) {
    const own = maskOfPicture(picture, edit.plan.crop, edit.plan.mask);
    const measures = await measureEdit(base.model.device, {
      edited: edit.picture,
      source: picture,
      mask: own,
    });
    results.push({ name, picture: join(output, fileOf(name)), ...measures });
  }
  const reference = await referenceOf(session.conceptPath);
  const panels: SheetPanel[] = [
    { label: 'source', picture },
    ...(reference ? [{ label: 'reference', picture: reference }] : []),
    { label: 'mask', picture: pictureOfMask(mask) },
    ...Array.from(edits, ([name, edit]) => ({ label: variants[name].title, picture: edit.picture })),
  ];
  const sheet = await drawSheet([panels]);
  const kept =
    parameters.saveSteered && steered !== undefined
      ? { steered, ...(await expressSteered(session, steered.concept)) }
      : undefined;
  if (kept?.note !== undefined) yield { kind: 'note', message: kept.note };

  await mkdir(output, { recursive: true });
  const path = (name: string) => join(output, name);
  const write = async function* (name: string, work: (path: string) => Promise<void>) {
    await work(path(name));
    files.push(path(name));
    yield { kind: 'file', path: path(name) } as const;
  };
  const request = { parameters, recipe, seed, side, hashes };
  for (const [name, edit] of edits) {
    const texts = pictureTexts(request, name, opened.title);
    const changed = maskOfPicture(picture, edit.plan.crop, edit.plan.mask).data;
    const bytes = await encodeLikeOriginal(parameters.picture, edit.picture, { changed, texts });
    yield* write(fileOf(name), (to) => createFile(to, bytes, existing));
  }
  yield* write('mask.png', (to) => writePicture(to, pictureOfMask(mask), { existing }));
  yield* write('sheet.png', (to) => replaceFile(to, (put) => put(sheet)));
  if (kept !== undefined) {
    yield* write('steered', (to) =>
      writeSteered(to, { session, opened, began: concept, model: hashes.model, ...kept }),
    );
  }
  const record = runRecord({ ...finished, results, files });
  yield* write('run.json', (to) =>
    replaceFile(to, (put) => put(Buffer.from(dataText(record as unknown as PlainData)))),
  );
  return { output, seed, files, sheet: path('sheet.png'), variants: results };
}

function pictureOfMask({ shape: [height = 0, width = 0], data }: Plane): Picture {
  const pixels = Uint8Array.from({ length: 3 * height * width }, (_, index) =>
    // Where it is not 0 something may have changed, however little: that has to be seen in 8 bits too.
    Math.ceil(255 * data[Math.floor(index / 3)]!),
  );
  return makePicture(height, width, pixels);
}
