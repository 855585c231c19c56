import { join } from 'node:path';
import { type Picture, readPicture } from '../../../files/images/index.ts';
import {
  type EditCase,
  type MetricName,
  measurableMetrics,
  measure,
  metrics,
  type SubjectPicture,
} from '../../../methods/evaluation/index.ts';
import type { JobContext, JobProgress, JobResult } from '../harness/job.ts';
import type { ReferenceFile } from '../manifest/picture-files.ts';
import type { MeasureJob } from '../plan/benchmark-jobs.ts';
import type { SourceDecoder } from './decode-source.ts';
import { type EditRecord, REGION } from './edit-cell.ts';
import { WHITE } from './learn-concept.ts';
import { readMask, readMaskIfAny } from './masks.ts';
import type { NamedInstruments } from './open-instruments.ts';

/** The figures of an edit, step by step; step 0 is the unedited source, whose PSNR would be infinite and is left out. */
export interface MeasureRecord {
  readonly steps: readonly {
    readonly step: number;
    /** By the metric's name; of a further CLIP model with the model's name behind: `clip-i (clip-vit-large)`. */
    readonly figures: Figures;
  }[];
  /** Those of the source encoded and decoded, without an edit. */
  readonly autoencoder: Figures;
}

type Figures = Readonly<Record<string, number>>;

/** What edits are measured with. */
export interface MeasuringTools {
  readonly instruments: readonly NamedInstruments[];
  readonly references: ReferencePictures;
  readonly decodeSource: SourceDecoder;
}

/** Reads references once for all edits of a concept: instruments remember the embeddings of the very objects. */
export interface ReferencePictures {
  read(files: readonly ReferenceFile[]): Promise<readonly SubjectPicture[]>;
}

export function referencePictures(): ReferencePictures {
  const known = new Map<string, Promise<SubjectPicture>>();
  const readOne = async ({ picture, mask }: ReferenceFile): Promise<SubjectPicture> => {
    const subject = await readMaskIfAny(mask);
    return { picture: await readPicture(picture, { onto: WHITE }), ...(subject && { mask: subject }) };
  };
  return {
    read: (files) =>
      Promise.all(
        files.map((file) => {
          const found = known.get(file.picture) ?? readOne(file);
          known.set(file.picture, found);
          return found;
        }),
      ),
  };
}

/** Measures an edit's pictures by all that the instruments, the manifest and the pictures' size allow. */
export async function* measureEdit(
  { instruments, references, decodeSource }: MeasuringTools,
  job: MeasureJob,
  { resultOf, signal }: JobContext,
  record: EditRecord,
): AsyncGenerator<JobProgress, JobResult & MeasureRecord, undefined> {
  const folder = resultOf(job.edit);
  const source = await readPicture(job.source);
  const common = await commonParts(references, job, source);
  const editorMask = record.mask === 'automatic' ? await readMask(join(folder, REGION)) : undefined;
  const seen = [{ step: 0, file: undefined }, ...record.pictures];
  const steps: { step: number; figures: Figures }[] = [];
  for (const [place, { step, file }] of seen.entries()) {
    signal?.throwIfAborted();
    const edited = file === undefined ? source : await readPicture(join(folder, file));
    const edit = { ...common, edited, ...(editorMask && { editorMask }) };
    steps.push({ step, figures: await figuresOf(instruments, edit) });
    yield { stage: 'measuring', done: place + 1, total: seen.length };
  }
  const decoded = await decodeSource(job.source, source, signal);
  return { steps, autoencoder: await figuresOf(instruments, { ...common, edited: decoded }) };
}

async function figuresOf(instruments: readonly NamedInstruments[], edit: EditCase): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const [index, { name, instruments: own }] of instruments.entries()) {
    for (const metric of chosenMetrics(edit, own)) {
      if (index > 0 && metrics[metric].instrument !== 'clip') continue;
      figures[index === 0 ? metric : `${metric} (${name})`] = await measure(metric, edit, own);
    }
  }
  return figures;
}

async function commonParts(
  references: ReferencePictures,
  job: MeasureJob,
  source: Picture,
): Promise<Omit<EditCase, 'edited'>> {
  const [subjectMask, oracleMask] = [
    await readMaskIfAny(job.subjectMask),
    await readMaskIfAny(job.oracleMask),
  ];
  const oracle = job.oracle === undefined ? undefined : await readPicture(job.oracle);
  return {
    source,
    caption: job.caption,
    references: await references.read(job.references),
    ...(subjectMask && { subjectMask }),
    ...(oracleMask && { oracleMask }),
    ...(oracle && { oracle }),
  };
}

/** The 100 dB that stand for equal pictures would be a point of curves that nobody measured. */
const infiniteForEqual: readonly MetricName[] = ['psnr', 'background-psnr'];

function chosenMetrics(edit: EditCase, instruments: NamedInstruments['instruments']): readonly MetricName[] {
  const allHaveMasks = edit.references?.every(({ mask }) => mask !== undefined) ?? false;
  return measurableMetrics(edit, instruments).filter(
    (name) =>
      !(edit.edited === edit.source && infiniteForEqual.includes(name)) &&
      !(name === 'clip-i-subject' && !allHaveMasks) &&
      !(name === 'clip-t' && instruments.networks.clip?.text === undefined),
  );
}
