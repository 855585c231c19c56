import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenedConcept } from '../../../files/checkpoints/index.ts';
import { replaceFile } from '../../../files/formats/index.ts';
import { encodeLikeOriginal, makePicture, type Picture, writePicture } from '../../../files/images/index.ts';
import { maskOfPicture, type Plane } from '../../../methods/editing/index.ts';
import { drawSheet, type SheetPanel } from '../../charts/labelled-sheet.ts';
import type { OpenedModel } from '../../models/open-model.ts';
import type { PlainData } from '../../runs/content-hash.ts';
import { moveResult } from '../../runs/move-result.ts';
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

/**
 * Everything is made before the first file is written, and written beside the output folder before the first file is
 * moved there: if the disk is full, nothing has changed, and the run can be gone on with.
 */
export async function* writeOutputs(finished: FinishedEdit): AsyncGenerator<TaskEvent, EditResult> {
  const { session, opened, concept, planned, steered, edits, hashes } = finished;
  const { parameters, picture, recipe, seed, side, watch, base } = session;
  watch.start('writing');
  yield { kind: 'stage', stage: 'Writing' };
  const { output } = parameters;
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

  const written = session.run.path('result');
  await rm(written, { recursive: true, force: true });
  await mkdir(written);
  const files: string[] = [];
  const write = async (name: string, work: (path: string) => Promise<void>) => {
    await work(join(written, name));
    files.push(join(output, name));
  };
  const request = { parameters, recipe, seed, side, hashes };
  for (const [name, edit] of edits) {
    const texts = pictureTexts(request, name, opened.title);
    const changed = maskOfPicture(picture, edit.plan.crop, edit.plan.mask).data;
    const bytes = await encodeLikeOriginal(parameters.picture, edit.picture, { changed, texts });
    await write(fileOf(name), (to) => put(to, bytes));
  }
  await write('mask.png', (to) => writePicture(to, pictureOfMask(mask)));
  await write('sheet.png', (to) => put(to, sheet));
  if (kept !== undefined) {
    await write('steered', (to) =>
      writeSteered(to, { session, opened, began: concept, model: hashes.model, ...kept }),
    );
  }
  const record = runRecord({ ...finished, results, files });
  await write('run.json', (to) => put(to, Buffer.from(dataText(record as unknown as PlainData))));
  await moveResult(written, output, parameters.force ? 'replace' : 'refuse');
  for (const path of files) yield { kind: 'file', path };
  return { output, seed, files, sheet: join(output, 'sheet.png'), variants: results };
}

const put = (path: string, bytes: Uint8Array) => replaceFile(path, (write) => write(bytes));

function pictureOfMask({ shape: [height = 0, width = 0], data }: Plane): Picture {
  const pixels = Uint8Array.from({ length: 3 * height * width }, (_, index) =>
    // Where it is not 0 something may have changed, however little: that has to be seen in 8 bits too.
    Math.ceil(255 * data[Math.floor(index / 3)]!),
  );
  return makePicture(height, width, pixels);
}
