import { type TaskContext, TaskError } from '../tasks/task.ts';
import type { TaskEvent } from '../tasks/task-event.ts';
import { locateConceptPath } from './locate-model.ts';

/** A concept as it is asked for: where it lies, and how strongly it is applied. */
export interface ConceptReference {
  readonly path: string;
  /** Of a LoRA; everything else is there or not. */
  readonly scale: number;
}

const LARGEST_SCALE = 10;

/**
 * Reads `file` or `file:0.8`. What follows the last colon is a scale only if it is a number: `C:\cat.bin` is a path.
 * @throws TaskError if the scale is beyond ±10, which is a mistake
 */
export function parseConceptReference(text: string): ConceptReference {
  const { path, scale } = /^(?<path>.+):(?<scale>[+-]?(\d+\.?\d*|\.\d+))$/.exec(text)?.groups ?? {};
  if (path === undefined) return { path: text, scale: 1 };
  const value = Number(scale);
  if (Math.abs(value) <= LARGEST_SCALE) return { path, scale: value };
  throw new TaskError(
    `${text}: the scale of a concept lies between -${LARGEST_SCALE} and ${LARGEST_SCALE}, got ${scale}; 1 is as it was trained`,
  );
}

/** The same with its path on this disk; an id of the hub is pulled first. */
export async function* locateReference(
  text: string,
  context: TaskContext,
): AsyncGenerator<TaskEvent, ConceptReference> {
  const asked = parseConceptReference(text);
  return { ...asked, path: yield* locateConceptPath(asked.path, context) };
}
