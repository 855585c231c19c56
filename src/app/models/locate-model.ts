import { locateCheckpoint, locateConcept } from '../../files/checkpoints/index.ts';
import { type PullEvent, pullClip } from '../../files/hub/index.ts';
import type { MetricWeightsEvent } from '../../files/metric-weights/index.ts';
import type { TaskContext } from '../tasks/task.ts';
import type { TaskEvent } from '../tasks/task-event.ts';
import { isThere } from './is-there.ts';

/** The path of a checkpoint, which is downloaded first where it is an id of the hub and not in the cache. */
export async function* locateModel(
  pathOrId: string,
  variant: 'full' | 'fp16',
  { hub, signal }: TaskContext,
): AsyncGenerator<TaskEvent, string> {
  const events = locateCheckpoint(pathOrId, { hub, variant, ...(signal && { signal }) });
  return yield* downloadEvents(`Downloading ${pathOrId}`, events);
}

/**
 * The same of a concept, or of whatever it turns out to be: `organisation/name` or `organisation/name/file` on the hub.
 * @param variant of a whole model
 */
export const locateConceptPath = (
  pathOrId: string,
  { hub, signal }: TaskContext,
  variant: 'full' | 'fp16' = 'full',
): AsyncGenerator<TaskEvent, string> =>
  downloadEvents(
    `Downloading ${pathOrId}`,
    locateConcept(pathOrId, { hub, variant, ...(signal && { signal }) }),
  );

/** The folder of a CLIP model to measure with, which is downloaded first where it is an id of the hub. */
export async function* locateClip(
  pathOrId: string,
  { hub, signal }: TaskContext,
): AsyncGenerator<TaskEvent, string> {
  if (await isThere(pathOrId)) return pathOrId;
  const pulling = pullClip(pathOrId, { ...hub, ...(signal && { signal }) });
  return (yield* downloadEvents(`Downloading ${pathOrId}`, pulling)).folder;
}

/** What a download tells, as a task does: bytes of all its files together. */
export async function* downloadEvents<Result>(
  stage: string,
  events: AsyncGenerator<PullEvent | MetricWeightsEvent, Result>,
): AsyncGenerator<TaskEvent, Result> {
  const download: Download = { stage, finished: 0, total: 0, sizes: new Map() };
  let next = await events.next();
  for (; !next.done; next = await events.next()) {
    const event = taskEvent(next.value, download);
    if (event !== undefined) yield event;
  }
  return next.value;
}

/** Bytes of all files together. */
interface Download {
  readonly stage: string;
  finished: number;
  total: number;
  /** Of the files under way. */
  readonly sizes: Map<string, number>;
}

function taskEvent(event: PullEvent | MetricWeightsEvent, download: Download): TaskEvent | undefined {
  switch (event.kind) {
    case 'planned':
      download.total = event.missing;
      download.finished = 0;
      return event.missing === 0 ? undefined : progress(download, 0);
    case 'file-started':
      download.sizes.set(event.path, event.size);
      return progress(download, event.done);
    case 'progress':
      return progress(download, event.done);
    case 'file-finished':
      if (event.from === 'hub') download.finished += download.sizes.get(event.path) ?? 0;
      return progress(download, 0);
    case 'waiting':
      return { kind: 'note', message: `${event.path}: another process is downloading it; waiting` };
    case 'interrupted':
      return { kind: 'warning', message: `${event.reason}; attempt ${event.attempt}` };
    case 'restarted':
      return { kind: 'warning', message: `${event.path}: is fetched anew, ${event.reason}` };
  }
}

/** Before the plan is known, and where nothing is missing, there is nothing to show. */
function progress({ stage, finished, total }: Download, done: number): TaskEvent | undefined {
  if (total === 0) return undefined;
  return { kind: 'progress', stage, done: Math.min(finished + done, total), total, unit: 'bytes' };
}
