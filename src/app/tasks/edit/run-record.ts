import { describeChange } from '../../../files/images/index.ts';
import { lastPart } from '../../models/open-model.ts';
import { versions } from '../../runs/versions.ts';
import { requestOf } from './edit-request.ts';
import type { EditResult, FinishedEdit } from './write-outputs.ts';

/** What run.json tells: all settings, versions, hashes, times, calls of the UNet, and what can be measured. */
export function runRecord({
  session,
  opened,
  concept,
  planned,
  steered,
  edits,
  hashes,
  results,
  files,
}: FinishedEdit & { readonly results: EditResult['variants']; readonly files: readonly string[] }) {
  const { parameters, recipe, seed, side, picture, watch, run, base } = session;
  const { crop, subject } = planned.main;
  return {
    task: 'edit',
    versions: versions(),
    request: requestOf({ parameters, recipe, seed, side, hashes }),
    files: {
      picture: lastPart(parameters.picture),
      mask: parameters.mask && lastPart(parameters.mask),
      concept: parameters.concept && lastPart(parameters.concept),
      written: files.map(lastPart),
    },
    model: { title: opened.title, family: opened.checkpoint.family, device: base.model.device.name },
    picture: {
      width: picture.width,
      height: picture.height,
      changes: picture.changes.map(describeChange),
    },
    subject: subject && { word: subject.word.word, threshold: subject.threshold },
    crop,
    concept: concept?.card,
    steering: steered && { losses: steered.losses },
    results: results.map(({ picture: path, ...result }) => ({ ...result, picture: lastPart(path) })),
    // Of this process: what an earlier one did before it was stopped is not in them.
    resumed: run.isResumed,
    seconds: watch.seconds(),
    unetCalls: {
      looking: planned.unetCalls,
      steering: steered?.unetCalls ?? 0,
      editing: Object.fromEntries(Array.from(edits, ([name, { unetCalls }]) => [name, unetCalls.editing])),
    },
  };
}
