import { Owner, spec, type TensorSpec, type Tree, unflatten } from '../../engine/index.ts';
import {
  type LazyArrays,
  type LowRankUpdate,
  type NetworkChange,
  type OpenedConcept,
  readConcept,
} from '../../files/checkpoints/index.ts';
import { FormatError } from '../../files/formats/index.ts';
import { learnedOfConcept, requireFit } from '../../methods/personalization/index.ts';
import { TaskError } from '../tasks/task.ts';
import type { TaskEvent } from '../tasks/task-event.ts';
import type { ConceptReference } from './concept-reference.ts';

/** What concepts are for: networks by the shapes of their parameters. */
export interface ConceptBase {
  readonly unet: { readonly parameters: LazyArrays };
  readonly textEncoder: { readonly parameters: LazyArrays };
}

/**
 * Opens a concept for a model, at the scale that it is asked for; its weights stay on disk. Says what it is, and warns if
 * no prompt has its words.
 * @throws a sentence that names the concept, if it is none or is for another model
 */
export async function* openConcept(
  { path, scale }: ConceptReference,
  { unet, textEncoder }: ConceptBase,
  prompts: readonly string[],
): AsyncGenerator<TaskEvent, OpenedConcept> {
  yield { kind: 'stage', stage: `Opening ${path}` };
  const base = { unet: unet.parameters, textEncoder: textEncoder.parameters };
  const opened = await readConcept(path, { base });
  await using owner = new Owner();
  owner.defer(opened.close);
  if (scale !== 1 && !isLora(opened)) {
    throw new TaskError(`${path}: is no LoRA, and only a LoRA has a scale, got ${scale}; leave it out`);
  }
  const concept: OpenedConcept = {
    ...opened,
    unet: scaled(opened.unet, scale),
    textEncoder: scaled(opened.textEncoder, scale),
  };
  const specs = { unet: specsOf(unet.parameters), textEncoder: specsOf(textEncoder.parameters) };
  await inPlace(path, async () => requireFit(specs, await learnedOfConcept(concept)));
  yield { kind: 'note', message: concept.sentence };
  yield* tellWords(concept, prompts);
  owner.move();
  return concept;
}

export const isLora = ({ unet, textEncoder }: OpenedConcept): boolean =>
  [unet, textEncoder].some(({ kind }) => kind === 'low rank');

/** The shapes of a network's parameters, as a tree; nothing is read. */
export const specsOf = (parameters: LazyArrays): Tree<TensorSpec> =>
  unflatten(Array.from(parameters, ([name, { shape }]) => [name, spec(shape)] as const));

/** Puts the concept's path before what is wrong with it. */
export async function inPlace<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error.message.startsWith(path)) throw error;
    throw new FormatError(`${path}: ${error.message}`, { cause: error });
  }
}

/** What a concept is called by in prompts, such as `<biscuit>`. */
export const wordsOf = ({ embeddings, card }: OpenedConcept): readonly string[] =>
  card === undefined ? embeddings.map(({ token }) => token) : [card.phrase];

function scaled(change: NetworkChange, scale: number): NetworkChange {
  if (change.kind !== 'low rank' || scale === 1) return change;
  const updates = Array.from(change.updates, ([name, update]): readonly [string, LowRankUpdate] => [
    name,
    { ...update, alpha: scale * (update.alpha ?? update.down.shape[0]!) },
  ]);
  return { kind: 'low rank', updates: new Map(updates) };
}

function* tellWords(concept: OpenedConcept, prompts: readonly string[]): Generator<TaskEvent> {
  const words = wordsOf(concept);
  const isUsed = words.some((word) => prompts.some((prompt) => prompt.includes(word)));
  if (words.length === 0 || isUsed) return;
  const list = words.map((word) => JSON.stringify(word)).join(' or ');
  yield { kind: 'warning', message: `the prompt does not have ${list}, which the concept is called by` };
}
